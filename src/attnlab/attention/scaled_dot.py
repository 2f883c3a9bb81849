"""The dot product of query and memory, kept at one size whatever their width."""

from math import sqrt
from typing import ClassVar, final

from jaxtyping import Float
from torch import Tensor

from attnlab.attention.scoring import ScoringFunction
from attnlab.errors import ShapeError


@final
class ScaledDot(ScoringFunction):
    """q . m / sqrt(h): no parameters, so query and memory have the same size h (Vaswani et al. 2017, section 3.2.1).

    The dot product of two independent vectors of h numbers with variance 1 has variance h; divided by sqrt(h) it has
    variance 1, and the softmax starts out neither flat nor peaked. The factor is applied to the keys, once per source.

    Raises:
        ShapeError: if the sizes differ.
    """

    formula: ClassVar[str] = "qᵀ m / √h"
    source: ClassVar[str] = "Vaswani et al. 2017, section 3.2.1"
    cost: ClassVar[str] = "S·h"

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        if query_size != memory_size:
            raise ShapeError(
                f"scaled_dot needs memory_size == query_size, but they are {memory_size} and {query_size}: "
                "make the encoder as wide as the decoder, or use scaled_general."
            )
        self.root = sqrt(query_size)

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """The memory divided by sqrt(h)."""
        return memory / self.root

    def forward(
        self, query: Float[Tensor, "batch target hidden"], keys: Float[Tensor, "batch source key"]
    ) -> Float[Tensor, "batch target source"]:
        """Scores before the softmax."""
        return query @ keys.transpose(1, 2)
