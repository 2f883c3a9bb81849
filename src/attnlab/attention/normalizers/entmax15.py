"""Entmax with alpha 1.5: halfway between softmax and sparsemax."""

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
class Entmax15(Normalizer):
    """[e_s / 2 - tau]_+^2 with tau such that the weights sum to 1: sparse, yet smooth where a weight becomes 0.

    Peters et al. (2019): exact, by sorting. Scores 2 below the best get exactly 0.
    """

    def forward(
        self, scores: Float[Tensor, "*shape"], mask: Bool[Tensor, "*#shape"], past: Past
    ) -> Float[Tensor, "*shape"]:
        """Weights over the last axis."""
        weights: Tensor = _Entmax15.apply(below_best(scores, mask, 2.0))  # type: ignore[no-untyped-call]
        return weights.masked_fill(~mask, 0.0).to(scores.dtype)


class _Entmax15(Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        descending = (z / 2).sort(dim=-1, descending=True).values
        size = torch.arange(1, z.shape[-1] + 1, dtype=z.dtype, device=z.device)
        mean = running_sum(descending, dim=-1) / size
        spread = running_sum(descending.square(), dim=-1) - size * mean.square()
        thresholds = mean - ((1 - spread) / size).clamp(min=0).sqrt()  # if the best `size` share the weight
        support = (descending >= thresholds).sum(dim=-1, keepdim=True)
        root = (z / 2 - thresholds.gather(-1, support - 1)).clamp(min=0)
        ctx.save_for_backward(root)
        return root.square()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        slope: Tensor = ctx.saved_tensors[0]
        return slope * centred(gradient, slope)
