"""Bahdanau's alignment model."""

from typing import ClassVar, final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

from attnlab.attention.perceptron import perceptron_scores
from attnlab.attention.scoring import ScoringFunction


@final
class Additive(ScoringFunction):
    """v^T tanh(W_a q + U_a m) with a key size of its own: Bahdanau et al. (2015), appendix A.1.2.

    The same family of maps as `Concat`; what sets the model `bahdanau` apart is who asks and where the context goes.
    """

    formula: ClassVar[str] = "vᵀ tanh(W q + U m)"
    source: ClassVar[str] = "Bahdanau et al. 2015, appendix A.1.2"
    cost: ClassVar[str] = "h·k + S·k"
    pairwise: ClassVar[bool] = True

    def __init__(self, query_size: int, memory_size: int, key_size: int) -> None:
        super().__init__()
        self.query_projection = nn.Linear(query_size, key_size, bias=False)
        self.memory_projection = nn.Linear(memory_size, key_size, bias=False)
        self.vector = nn.Linear(key_size, 1, bias=False)

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """U_a m."""
        return linear(memory, self.memory_projection.weight)

    def forward(
        self, query: Float[Tensor, "batch target hidden"], keys: Float[Tensor, "batch source key"]
    ) -> Float[Tensor, "batch target source"]:
        """Scores before the softmax."""
        return perceptron_scores(self.query_projection(query), keys, self.vector.weight.squeeze(0))
