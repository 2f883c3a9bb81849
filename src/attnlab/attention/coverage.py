"""The additive score that also sees how much of each position has been read."""

from typing import ClassVar, final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

from attnlab.attention.past import Past
from attnlab.attention.perceptron import direct_scores
from attnlab.attention.scoring import RememberingScore


@final
class Coverage(RememberingScore):
    """v^T tanh(W_h m_s + W_s q + w_c c_s + b), c_s the sum of the weights that position s got at all steps before.

    See et al. (2017), equations 10 and 11; c is zero before the first step, as in the paper. A cousin is the linguistic
    coverage of Tu et al. (2016), which divides the sum by a learned fertility of each position; their
    coverage kept by a recurrent network is another thing. What keeps a model from reading twice is this score together
    with the loss of the same paper: set `loss.coverage`.
    """

    formula: ClassVar[str] = "vᵀ tanh(W q + U m + c Σw + b), Σw the sum of all weights before"
    source: ClassVar[str] = "See et al. 2017, equation 11"
    cost: ClassVar[str] = "h·k + 2·S·k"
    pairwise: ClassVar[bool] = True

    def __init__(self, query_size: int, memory_size: int, key_size: int) -> None:
        super().__init__()
        self.query_projection = nn.Linear(query_size, key_size, bias=False)
        self.memory_projection = nn.Linear(memory_size, key_size)
        self.coverage_projection = nn.Linear(1, key_size, bias=False)
        self.vector = nn.Linear(key_size, 1, bias=False)

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """W_h m + b."""
        return linear(memory, self.memory_projection.weight, self.memory_projection.bias)

    def recall(self, keys: Float[Tensor, "batch source key"], past: Past) -> Float[Tensor, "batch target source key"]:
        """W_h m_s + b + w_c c_s."""
        assert past.coverage is not None
        weight = self.coverage_projection.weight
        return keys.unsqueeze(1) + linear(past.coverage.to(weight.dtype).unsqueeze(-1), weight)

    def forward(
        self, query: Float[Tensor, "batch target hidden"], keys: Float[Tensor, "batch source key"]
    ) -> Float[Tensor, "batch target source"]:
        """Scores before the softmax."""
        return direct_scores(linear(query, self.query_projection.weight), keys, self.vector.weight.squeeze(0))
