"""What training minimises."""

from math import inf
from typing import NamedTuple

from jaxtyping import Bool, Float, Int
from torch import Tensor, minimum, nn
from torch.nn.functional import pad

from attnlab.errors import ConfigError
from attnlab.masking import product_type, running_sum, widened
from attnlab.seq2seq.model import Prediction
from attnlab.text.special import PAD
from attnlab.training.output_loss import sum_losses


class Loss(NamedTuple):
    """Means over the real target tokens of a batch, in nats."""

    smoothed: Float[Tensor, ""]
    nll: Float[Tensor, ""]
    """Negative log-likelihood of the reference, whatever the smoothing: comparable between runs."""


class LabelSmoothedCrossEntropy(nn.Module):
    """(1 - e) nll + e times the mean of -log p over the whole vocabulary (Szegedy et al. 2016).

    Raises:
        ConfigError: if `label_smoothing` is not in [0, 1).
    """

    def __init__(self, *, label_smoothing: float) -> None:
        super().__init__()
        if not 0 <= label_smoothing < 1:
            raise ConfigError(f"label_smoothing is a share in [0, 1), not {label_smoothing}: 0.1 is usual, 0 is off.")
        self.label_smoothing = label_smoothing

    def forward(self, logits: Float[Tensor, "batch target vocab"], labels: Int[Tensor, "batch target"]) -> Loss:
        """Padding in `labels` counts for nothing."""
        log_probs = widened(logits).log_softmax(dim=-1)
        real = labels != PAD
        tokens = real.sum()
        nll = -(log_probs.gather(-1, labels.unsqueeze(-1)).squeeze(-1) * real).sum() / tokens
        if self.label_smoothing == 0:
            return Loss(nll, nll.detach())
        uniform = -(log_probs.mean(dim=-1) * real).sum() / tokens
        return Loss((1 - self.label_smoothing) * nll + self.label_smoothing * uniform, nll.detach())

    def of_outputs(
        self,
        outputs: Float[Tensor, "batch target output"],
        vocabulary: nn.Linear,
        labels: Int[Tensor, "batch target"],
    ) -> Loss:
        """The same of `vocabulary(outputs)`, whose rows are made, scored and forgotten a few at a time."""
        real = labels != PAD
        rows = outputs[real].to(product_type(vocabulary.weight))
        sums = sum_losses(rows, vocabulary, labels[real], smoothing=self.label_smoothing)
        tokens = real.sum()
        return Loss(sums.smoothed / tokens, sums.nll / tokens)


class Minimised(NamedTuple):
    """Means over the real target tokens of a batch."""

    total: Float[Tensor, ""]
    """What is minimised."""
    nll: Float[Tensor, ""]
    """Negative log-likelihood of the reference in nats, whatever else is minimised: comparable between runs."""
    coverage: Float[Tensor, ""] | None
    """The coverage loss before its weight, None where that is 0."""


class TranslationLoss(nn.Module):
    """Label-smoothed cross-entropy plus `coverage` times the coverage loss: equation 13 of See et al. (2017), lambda.

    Args:
        label_smoothing: share of the uniform distribution in what is to be predicted.
        coverage: weight of the coverage loss; 1 in the paper, 0 is off and costs nothing.

    Raises:
        ConfigError: if `label_smoothing` is not in [0, 1), or `coverage` is negative or infinite.
    """

    def __init__(self, *, label_smoothing: float, coverage: float) -> None:
        super().__init__()
        if not 0 <= coverage < inf:
            raise ConfigError(
                f"loss.coverage is the weight of the coverage loss, a number from 0, not {coverage}: 1 is usual, 0 "
                "is off."
            )
        self.cross_entropy = LabelSmoothedCrossEntropy(label_smoothing=label_smoothing)
        self.coverage = coverage

    def forward(self, prediction: Prediction, labels: Int[Tensor, "batch target"]) -> Minimised:
        """Padding in `labels` counts for nothing; attention weights are only read for a coverage loss."""
        smoothed, nll = self.cross_entropy.of_outputs(prediction.outputs, prediction.vocabulary, labels)
        if self.coverage == 0:
            return Minimised(smoothed, nll, None)
        assert prediction.weights is not None
        covered = coverage_loss(prediction.weights, labels != PAD)
        return Minimised(smoothed + self.coverage * covered, nll, covered.detach())


def coverage_loss(
    weights: Float[Tensor, "batch target source"], real: Bool[Tensor, "batch target"]
) -> Float[Tensor, ""]:
    """The mean over real steps t of sum_s min(w_ts, c_ts), c_t the sum of the weights of all steps before t.

    See et al. (2017), equation 12. A step costs as much of its weight as lies on positions already read, at most 1; the
    first costs nothing. Their code averages each sentence first; here every token counts the same, as in the rest of
    the loss.
    """
    wide = widened(weights)
    covered = running_sum(pad(wide[:, :-1], (0, 0, 1, 0)), dim=1)
    return (minimum(wide, covered).sum(dim=-1) * real).sum() / real.sum()
