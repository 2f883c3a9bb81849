"""Luong's perceptron on the concatenation of query and memory."""

from typing import ClassVar, final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

from attnlab.attention.perceptron import perceptron_scores
from attnlab.attention.scoring import ScoringFunction


@final
class Concat(ScoringFunction):
    """v^T tanh(W [q; m]), W of (query_size, query_size + memory_size): Luong et al. (2015), section 3.1.

    W is one matrix, initialised as one; its two halves are applied apart, the same map, so that its product with the
    memory is computed once per source. Luong's own code has no weight on the source: `ConcatUnweighted`.
    """

    formula: ClassVar[str] = "vᵀ tanh(W [q; m])"
    source: ClassVar[str] = "Luong et al. 2015, section 3.1"
    cost: ClassVar[str] = "h·k + S·k"
    pairwise: ClassVar[bool] = True

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        self.query_size = query_size
        self.projection = nn.Linear(query_size + memory_size, query_size, bias=False)
        self.vector = nn.Linear(query_size, 1, bias=False)

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """The memory's half of W."""
        return linear(memory, self.projection.weight[:, self.query_size :])

    def forward(
        self, query: Float[Tensor, "batch target hidden"], keys: Float[Tensor, "batch source key"]
    ) -> Float[Tensor, "batch target source"]:
        """Scores before the softmax."""
        projected = linear(query, self.projection.weight[:, : self.query_size])
        return perceptron_scores(projected, keys, self.vector.weight.squeeze(0))
