"""Entmax with a learned alpha: how sparse the weights are is a parameter."""

from math import log
from typing import Any, Final, final

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from attnlab.attention.normalizers.normalizer import Normalizer
from attnlab.attention.normalizers.sparse import below_best, centred
from attnlab.attention.past import Past
from attnlab.errors import ConfigError
from attnlab.masking import widened

LOWEST: Final = 1.001
"""Of alpha: softmax to three digits. At 1 the formula divides by 0, and its gradient loses all digits of float32."""

MAX_STEPS: Final = 100
"""Of Newton's method, which took 2 to 10 in all that was tried, for 2 to 1,000 positions."""


@final
class Entmax(Normalizer):
    """[1 + (alpha - 1)(e_s - m)]_+^(1 / (alpha - 1)) with m such that the weights sum to 1, for one learned alpha.

    Peters et al. (2019); alpha = 1 + sigmoid of a parameter as in Correia et al. (2019), here kept above 1.001. At 1.5
    it is `entmax15`, near 1 softmax, near 2 sparsemax.

    Args:
        alpha: where training starts, between 1.001 and 2.

    Raises:
        ConfigError: if alpha is not between them.
    """

    def __init__(self, alpha: float) -> None:
        super().__init__()
        if not LOWEST < alpha < 2:
            raise ConfigError(
                f"Entmax learns an alpha between {LOWEST} and 2, and it cannot start at {alpha}: set "
                "model.normalizer.alpha between them, or take softmax (alpha 1) or sparsemax (alpha 2)."
            )
        self.logit = nn.Parameter(torch.tensor(log((alpha - LOWEST) / (2 - alpha))))

    @property
    def alpha(self) -> Float[Tensor, ""]:
        """1.001 + 0.999 sigmoid(logit)."""
        return 1 + self._excess()

    def forward(
        self, scores: Float[Tensor, "*shape"], mask: Bool[Tensor, "*#shape"], past: Past
    ) -> Float[Tensor, "*shape"]:
        """Weights over the last axis."""
        excess = self._excess()
        z = below_best(scores, mask, 1 / excess.detach())
        weights: Tensor = _Entmax.apply(z, excess.to(z.dtype))  # type: ignore[no-untyped-call]
        return weights.masked_fill(~mask, 0.0).to(scores.dtype)

    def _excess(self) -> Tensor:
        """What alpha exceeds 1 by, computed without the 1, which would cost it digits."""
        return (LOWEST - 1) + (2 - LOWEST) * widened(self.logit).sigmoid()


class _Entmax(Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor, excess: Tensor) -> Tensor:
        weights, slope = _solve(z, excess)
        ctx.save_for_backward(weights, slope, excess)
        return weights

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        weights, slope, excess = ctx.saved_tensors
        push = centred(gradient, slope)
        positive = weights > torch.finfo(weights.dtype).tiny
        power = -excess * weights.where(positive, 1).log()
        at_fixed_m = -weights * (power.expm1() - power) / excess.square()  # dp / dalpha
        return slope * push, (at_fixed_m * push).sum()


def _solve(z: Tensor, excess: Tensor) -> tuple[Tensor, Tensor]:
    """The weights and their slopes dp / dz at fixed m, which are p^(2 - alpha).

    Newton's method for ||p^(alpha - 1)||_(1 / (alpha - 1)) = 1, a convex function of m, nearly straight: from
    m = max(z) it climbs to the root without passing it, in a single step where entmax is softmax or one weight is 1.
    """
    m = z.amax(dim=-1, keepdim=True)
    accuracy = 4 * torch.finfo(z.dtype).eps
    for _ in range(MAX_STEPS):
        log_weights = (excess * (z - m)).clamp(min=-1).log1p() / excess
        weights = log_weights.exp()
        slope = ((1 - excess) * log_weights).exp().masked_fill(weights == 0, 0.0)
        total = weights.sum(dim=-1, keepdim=True)
        step = -total * (-excess * total.log()).expm1() / (excess * slope.sum(dim=-1, keepdim=True))
        if not (step > accuracy).any():
            break
        m = m + step
    return weights, slope
