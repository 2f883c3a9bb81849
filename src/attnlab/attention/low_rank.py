"""A bilinear form of query and memory whose matrix has a bounded rank."""

from typing import ClassVar, final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

from attnlab.attention.scoring import ScoringFunction
from attnlab.errors import ConfigError


@final
class LowRank(ScoringFunction):
    """q^T U V^T m, U of (query_size, rank) and V of (memory_size, rank): `General` with W = U V^T.

    For large states: rank * (query_size + memory_size) parameters instead of query_size * memory_size, and at every
    step only `rank` numbers of each position to compare.

    Raises:
        ConfigError: if the rank is not between 1 and the smaller of the two sizes, beyond which it bounds nothing.
    """

    formula: ClassVar[str] = "qᵀ U Vᵀ m"
    source: ClassVar[str] = "Luong et al. 2015, section 3.1, with W = U Vᵀ of rank r"
    cost: ClassVar[str] = "h·r + S·r"

    def __init__(self, query_size: int, memory_size: int, rank: int) -> None:
        super().__init__()
        if not 1 <= rank <= min(query_size, memory_size):
            raise ConfigError(
                f"low_rank needs a rank between 1 and min(query_size, memory_size) = {min(query_size, memory_size)}, "
                f"not {rank}: set model.attention.rank, or use general, which has no bound."
            )
        self.query_projection = nn.Linear(query_size, rank, bias=False)
        self.memory_projection = nn.Linear(memory_size, rank, bias=False)

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """V^T m."""
        return linear(memory, self.memory_projection.weight)

    def forward(
        self, query: Float[Tensor, "batch target hidden"], keys: Float[Tensor, "batch source key"]
    ) -> Float[Tensor, "batch target source"]:
        """Scores before the softmax."""
        return linear(query, self.query_projection.weight) @ keys.transpose(1, 2)
