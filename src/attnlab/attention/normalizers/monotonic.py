"""Hard monotonic attention: the decoder reads its source from left to right and never goes back."""

from math import inf
from typing import ClassVar, final

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import pad

from attnlab.attention.normalizers.normalizer import Normalizer
from attnlab.attention.past import Past
from attnlab.errors import ConfigError, ShapeError
from attnlab.masking import widened


@final
class Monotonic(Normalizer):
    """Walks on from the position of the step before and stops at position s with probability sigmoid(e_s + r).

    Raffel et al. (2017). In evaluation the walk is certain (section 2.2): all weight is on the first position, from
    that of the step before on, whose probability exceeds 1/2. In training the weights are the chances of where the walk
    ends (equations 11 to 14): w_s = p_s q_s with q_s = (1 - p_{s-1}) q_{s-1} + w'_s, where w' are the weights of the
    step before. Noise on the scores drives the probabilities to 0 or 1, so that evaluation finds what training left.

    Unlike all other normalizers' weights these may sum to less than 1: a walk that passes the last position has nothing
    to read, now and at every later step. A constant added to all scores changes them; so does the order of positions.

    Args:
        offset: where the learned r starts.
        noise: standard deviation of what is added to each score in training.

    Raises:
        ConfigError: if the noise is negative or infinite.
        ShapeError: for scores of several heads, of which `past.weights` knows only the mean.
    """

    remembers: ClassVar[bool] = True

    def __init__(self, offset: float, noise: float) -> None:
        super().__init__()
        if not 0 <= noise < inf:
            raise ConfigError(
                f"The noise of monotonic attention is a finite standard deviation and cannot be {noise}: "
                "set model.normalizer.noise to 1, or to 0 for none."
            )
        self.noise = noise
        self.offset = nn.Parameter(torch.tensor(float(offset)))

    def forward(
        self, scores: Float[Tensor, "*shape"], mask: Bool[Tensor, "*#shape"], past: Past
    ) -> Float[Tensor, "*shape"]:
        """Weights over the last axis."""
        if scores.dim() > 3:
            raise ShapeError(
                f"Monotonic attention walks along the source once, but these scores have {scores.shape[1]} heads: "
                "take a scoring function without heads, or another normalizer."
            )
        assert past.weights is not None
        wide = widened(scores) + self.offset
        before = past.weights.to(wide.dtype)
        weights = self._expected(wide, mask, before) if self.training else _certain(wide, mask, before)
        return weights.to(scores.dtype)

    def _expected(self, scores: Tensor, mask: Tensor, before: Tensor) -> Tensor:
        noisy = scores + self.noise * torch.randn_like(scores) if self.noise else scores
        real = noisy.masked_fill(~mask, 0.0)
        stop = real.sigmoid().masked_fill(~mask, 0.0)
        go_on = (-real).sigmoid().masked_fill(~mask, 1.0)  # 1 - stop would lose small chances
        return stop * arrivals(go_on, before)


def arrivals(
    go_on: Float[Tensor, "batch target source"], before: Float[Tensor, "batch target source"]
) -> Float[Tensor, "batch target source"]:
    """q_s = go_on_{s-1} q_{s-1} + before_s for all s in log2(source) rounds; each doubles how far a walk leads.

    The closed form of the paper, appendix C.1, divides by the product of all `go_on`: once that underflows, walks that
    start behind a likely stop are lost. Here nothing is divided, and all terms are positive.
    """
    reach = pad(go_on[..., :-1], (1, 0))  # of a walk to s, from as far back as the rounds so far lead
    arriving = before
    distance = 1
    while distance < before.shape[-1]:
        arriving = arriving + reach * pad(arriving[..., :-distance], (distance, 0))
        reach = reach * pad(reach[..., :-distance], (distance, 0))
        distance *= 2
    return arriving


def _certain(scores: Tensor, mask: Tensor, before: Tensor) -> Tensor:
    stops = ((before > 0).cumsum(dim=-1) > 0) & (scores > 0) & mask
    return (stops & (stops.cumsum(dim=-1) == 1)).to(scores.dtype)
