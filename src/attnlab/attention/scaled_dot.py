"""The dot product of query and memory, kept at one size whatever their width."""

from math import sqrt
from typing import ClassVar, final

from jaxtyping import Float
from torch import Tensor

from attnlab.attention.scoring import ProductScore, check_equal_sizes


@final
class ScaledDot(ProductScore):
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
        check_equal_sizes(query_size, memory_size, score="scaled_dot", instead="scaled_general")
        self.root = sqrt(query_size)

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """The memory divided by sqrt(h)."""
        return memory / self.root
