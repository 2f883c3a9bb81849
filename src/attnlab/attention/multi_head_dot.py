"""The dot product of query and memory, piece by piece."""

from typing import ClassVar, final

from jaxtyping import Float
from torch import Tensor

from attnlab.attention.heads import MultiHead
from attnlab.attention.scoring import check_equal_sizes


@final
class MultiHeadDot(MultiHead):
    """q_i . m_i in head i, over slices of query and memory; divided by sqrt(h / num_heads) if `scaled`.

    The score has no parameters, so query and memory must have the same size. Unscaled, one head without an output
    projection is `Dot`. The attention of Vaswani et al. (2017) is scaled and projects queries, keys and values as well:
    nearest to it is `MultiHeadGeneral`. Where the encoder reads both ways, the first half of the heads see what it
    read from left to right, the others the rest.

    Raises:
        ConfigError: if the heads cannot share the vectors evenly.
        ShapeError: if the sizes differ.
    """

    formula: ClassVar[str] = "qᵢᵀ mᵢ in head i"
    source: ClassVar[str] = "Vaswani et al. 2017, section 3.2.2, heads of Luong's dot"
    cost: ClassVar[str] = "S·h + m·m"

    def __init__(
        self, query_size: int, memory_size: int, num_heads: int, *, scaled: bool, output_projection: bool
    ) -> None:
        check_equal_sizes(query_size, memory_size, score="multi_head_dot", instead="multi_head_general")
        super().__init__(query_size, memory_size, num_heads, scaled=scaled, output_projection=output_projection)

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """The memory itself."""
        return memory
