"""The dot product of query and memory."""

from typing import ClassVar, final

from jaxtyping import Float
from torch import Tensor

from attnlab.attention.scoring import ProductScore, check_equal_sizes


@final
class Dot(ProductScore):
    """q . m: no parameters, so query and memory must have the same size (Luong et al. 2015, section 3.1).

    Raises:
        ShapeError: if the sizes differ.
    """

    formula: ClassVar[str] = "qᵀ m"
    source: ClassVar[str] = "Luong et al. 2015, section 3.1"
    cost: ClassVar[str] = "S·h"

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        check_equal_sizes(query_size, memory_size, score="dot", instead="general")

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """The memory itself."""
        return memory
