"""A bilinear form of query and memory for each head."""

from typing import ClassVar, final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

from attnlab.attention.heads import MultiHead


@final
class MultiHeadGeneral(MultiHead):
    """q_i^T W_i m in head i, q_i a slice of the query; divided by sqrt(h / num_heads) if `scaled`.

    The W_i are the rows of one matrix W of (query_size, memory_size), and W m is computed once per source. Unscaled,
    one head without an output projection is `General`. Vaswani et al. (2017), section 3.2.2, also project the query
    before it is split, and the values; here the query is split as it is, and the memory itself is read.

    Raises:
        ConfigError: if the heads cannot share the vectors evenly.
    """

    formula: ClassVar[str] = "qᵢᵀ Wᵢ m in head i"
    source: ClassVar[str] = "Vaswani et al. 2017, section 3.2.2, heads of Luong's general"
    cost: ClassVar[str] = "S·h + m·m"

    def __init__(
        self, query_size: int, memory_size: int, num_heads: int, *, scaled: bool, output_projection: bool
    ) -> None:
        super().__init__(query_size, memory_size, num_heads, scaled=scaled, output_projection=output_projection)
        self.memory_projection = nn.Linear(memory_size, query_size, bias=False)

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """W m."""
        return linear(memory, self.memory_projection.weight)
