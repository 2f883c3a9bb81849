"""The window whose place the query predicts."""

from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import linear

from attnlab.attention.windows.window import Span, Window, checked_reach


@final
class LocalP(Window):
    """p_t = S sigmoid(v^T tanh(W_p h_t)), S the source's real length; weights fall off from p_t as a Gaussian does.

    "Predictive alignment", Luong et al. (2015), section 3.2, equations 9 and 10. Scores are normalised inside
    [p_t - D, p_t + D], then multiplied by exp(-(s - p_t)^2 / (2 (D/2)^2)) and not normalised again: weights sum to less
    than 1. Only this factor gives v and W_p a gradient.

    Positions start from 0. That is what Luong's code does: it counts from 1 and adds 1 to p_t, while the formula of the
    paper, taken with its positions 1 to S, would lean to the left by one. Of their differences one remains: the window
    of the code is centered on p_t rounded down, so that with a p_t between two positions it has one more on the left.
    S counts the end token, which that code never reads.

    Args:
        query_size: size of h_t.
        reach: D, in positions.

    Raises:
        ConfigError: if the reach is not positive.
    """

    def __init__(self, query_size: int, reach: int) -> None:
        super().__init__()
        self.reach = checked_reach(reach)
        self.projection = nn.Linear(query_size, query_size, bias=False)
        self.vector = nn.Linear(query_size, 1, bias=False)

    def forward(
        self,
        query: Float[Tensor, "batch target hidden"],
        step: Int[Tensor, "batch target"],
        source_lengths: Int[Tensor, " batch"],
    ) -> Span:
        """The span of each query."""
        bent = linear(query, self.projection.weight).tanh()
        wide = torch.promote_types(bent.dtype, torch.float32)  # bfloat16 would move p_t by whole positions
        share = (bent.to(wide) * self.vector.weight.squeeze(0).to(wide)).sum(dim=-1).sigmoid()
        return Span(source_lengths.unsqueeze(1) * share, self.reach, deviation=self.reach / 2)
