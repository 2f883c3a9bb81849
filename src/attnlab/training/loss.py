"""What training minimises."""

from typing import NamedTuple

from jaxtyping import Float, Int
from torch import Tensor, float64, nn

from attnlab.errors import ConfigError
from attnlab.text.special import PAD


class Loss(NamedTuple):
    """Means over the real target tokens of a batch, in nats."""

    smoothed: Float[Tensor, ""]
    """What is minimised."""
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
        wide = logits if logits.dtype == float64 else logits.float()
        log_probs = wide.log_softmax(dim=-1)
        real = labels != PAD
        tokens = real.sum()
        nll = -(log_probs.gather(-1, labels.unsqueeze(-1)).squeeze(-1) * real).sum() / tokens
        if self.label_smoothing == 0:
            return Loss(nll, nll.detach())
        uniform = -(log_probs.mean(dim=-1) * real).sum() / tokens
        return Loss((1 - self.label_smoothing) * nll + self.label_smoothing * uniform, nll.detach())
