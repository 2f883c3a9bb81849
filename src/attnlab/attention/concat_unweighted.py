"""The concat score as Luong's own code computes it."""

from typing import ClassVar, final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

from attnlab.attention.perceptron import perceptron_scores
from attnlab.attention.scoring import ScoringFunction, check_equal_sizes


@final
class ConcatUnweighted(ScoringFunction):
    """v^T tanh(m + W q): concat without a weight on the memory, as in the code behind Luong et al. (2015).

    The paper's formula is `Concat`; its poor concat results belong to this variant. The memory itself enters the tanh,
    so it must be as wide as v, which is as wide as the query, as in `Concat`.

    Raises:
        ShapeError: if the sizes differ.
    """

    formula: ClassVar[str] = "vᵀ tanh(m + W q)"
    source: ClassVar[str] = "the code of Luong et al. 2015"
    cost: ClassVar[str] = "h·k + S·k"
    pairwise: ClassVar[bool] = True

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        check_equal_sizes(query_size, memory_size, score="concat_unweighted", instead="concat")
        self.query_projection = nn.Linear(query_size, query_size, bias=False)
        self.vector = nn.Linear(query_size, 1, bias=False)

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """The memory itself."""
        return memory

    def forward(
        self, query: Float[Tensor, "batch target hidden"], keys: Float[Tensor, "batch source key"]
    ) -> Float[Tensor, "batch target source"]:
        """Scores before the softmax."""
        return perceptron_scores(linear(query, self.query_projection.weight), keys, self.vector.weight.squeeze(0))
