"""The projection onto the simplex as a normalizer."""

from typing import Any, final

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from attnlab.attention.normalizers.normalizer import Normalizer
from attnlab.attention.normalizers.sparse import below_best, centred
from attnlab.attention.past import Past
from attnlab.masking import running_sum


@final
class Sparsemax(Normalizer):
    """[e_s - tau]_+ with tau such that the weights sum to 1: the distribution nearest to the scores.

    Martins & Astudillo (2016), algorithm 1: exact, by sorting. Scores 1 below the best get exactly 0.
    """

    def forward(
        self, scores: Float[Tensor, "*shape"], mask: Bool[Tensor, "*#shape"], past: Past
    ) -> Float[Tensor, "*shape"]:
        """Weights over the last axis."""
        weights: Tensor = _Sparsemax.apply(below_best(scores, mask, 1.0))  # type: ignore[no-untyped-call]
        return weights.masked_fill(~mask, 0.0).to(scores.dtype)


class _Sparsemax(Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        descending = z.sort(dim=-1, descending=True).values
        size = torch.arange(1, z.shape[-1] + 1, dtype=z.dtype, device=z.device)
        thresholds = (running_sum(descending, dim=-1) - 1) / size  # if the best `size` positions share the weight
        support = (descending > thresholds).sum(dim=-1, keepdim=True)
        weights = (z - thresholds.gather(-1, support - 1)).clamp(min=0)
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (weights,) = ctx.saved_tensors
        slope: Tensor = (weights > 0).to(gradient.dtype)
        return slope * centred(gradient, slope)
