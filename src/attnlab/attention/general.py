"""A bilinear form of query and memory."""

from typing import ClassVar, final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

from attnlab.attention.scoring import ProductScore


@final
class General(ProductScore):
    """q^T W m (Luong et al. 2015, section 3.1). W m is computed once per source."""

    formula: ClassVar[str] = "qᵀ W m"
    source: ClassVar[str] = "Luong et al. 2015, section 3.1"
    cost: ClassVar[str] = "S·h"

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        self.memory_projection = nn.Linear(memory_size, query_size, bias=False)

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """W m."""
        return linear(memory, self.memory_projection.weight)
