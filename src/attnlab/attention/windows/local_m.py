"""The window that moves on by one position at each step."""

from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attnlab.attention.windows.window import Span, Window, checked_reach


@final
class LocalM(Window):
    """p_t = t, at most the last position: source and target are taken to run side by side.

    "Monotonic alignment", Luong et al. (2015), section 3.2. The window is [p_t - D, p_t + D], without a Gaussian. The
    first step has t = 0 and the source position 0, where the paper and its code count both from 1. Targets longer than
    their source stay at its last position, as in that code; the paper does not say. Here that position is the end
    token, which that code never reads.

    Args:
        reach: D, in positions.

    Raises:
        ConfigError: if the reach is not positive.
    """

    def __init__(self, reach: int) -> None:
        super().__init__()
        self.reach = checked_reach(reach)

    def forward(
        self,
        query: Float[Tensor, "batch target hidden"],
        step: Int[Tensor, "batch target"],
        source_lengths: Int[Tensor, " batch"],
    ) -> Span:
        """The span of each query."""
        centers = torch.minimum(step, source_lengths.unsqueeze(1) - 1)
        return Span(centers.to(torch.promote_types(query.dtype, torch.float32)), self.reach, deviation=None)
