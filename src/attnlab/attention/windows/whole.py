"""The window of global attention."""

from typing import final

from jaxtyping import Float, Int
from torch import Tensor

from attnlab.attention.windows.window import Span, Window


@final
class Whole(Window):
    """Every query sees the whole source (Luong et al. 2015, section 3.1, "global")."""

    def forward(
        self,
        query: Float[Tensor, "batch target hidden"],
        step: Int[Tensor, "batch target"],
        source_lengths: Int[Tensor, " batch"],
    ) -> Span | None:
        """None: no position is out of sight."""
        return None
