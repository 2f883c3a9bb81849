"""Scores from the query alone, one weight vector for each source position."""

from typing import ClassVar, final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

from attnlab.attention.scoring import ScoringFunction
from attnlab.errors import ShapeError


@final
class Location(ScoringFunction):
    """W_a q, row s of W_a for source position s: Luong et al. (2015), section 3.1. What the memory holds plays no part.

    Raises:
        ShapeError: for a batch wider than `max_source_length`, padding counted.
    """

    formula: ClassVar[str] = "wₛᵀ q"
    source: ClassVar[str] = "Luong et al. 2015, section 3.1"
    cost: ClassVar[str] = "S·h"
    content_based: ClassVar[bool] = False

    def __init__(self, query_size: int, max_source_length: int) -> None:
        super().__init__()
        self.max_source_length = max_source_length
        self.positions = nn.Linear(query_size, max_source_length, bias=False)

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """The memory itself, of which only the length is used."""
        if memory.shape[1] > self.max_source_length:
            raise ShapeError(
                f"location scores at most {self.max_source_length} source positions, but this batch has "
                f"{memory.shape[1]}. Its weights belong to positions seen in training: raise "
                "model.attention.max_source_length and retrain, or filter long sources with data.length."
            )
        return memory

    def forward(
        self, query: Float[Tensor, "batch target hidden"], keys: Float[Tensor, "batch source key"]
    ) -> Float[Tensor, "batch target source"]:
        """Scores before the softmax."""
        return linear(query, self.positions.weight[: keys.shape[1]])
