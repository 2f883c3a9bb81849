"""The dot product of query and memory."""

from typing import ClassVar, final

from jaxtyping import Float
from torch import Tensor

from attnlab.attention.scoring import ScoringFunction
from attnlab.errors import ShapeError


@final
class Dot(ScoringFunction):
    """q . m: no parameters, so query and memory must have the same size (Luong et al. 2015, section 3.1).

    Raises:
        ShapeError: if the sizes differ.
    """

    formula: ClassVar[str] = "qᵀ m"
    source: ClassVar[str] = "Luong et al. 2015, section 3.1"
    cost: ClassVar[str] = "S·h"

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        if query_size != memory_size:
            raise ShapeError(
                f"dot needs memory_size == query_size, but they are {memory_size} and {query_size}: "
                "make the encoder as wide as the decoder, or use general."
            )

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """The memory itself."""
        return memory

    def forward(
        self, query: Float[Tensor, "batch target hidden"], keys: Float[Tensor, "batch source key"]
    ) -> Float[Tensor, "batch target source"]:
        """Scores before the softmax."""
        return query @ keys.transpose(1, 2)
