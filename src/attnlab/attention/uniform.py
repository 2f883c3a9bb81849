"""The control between no attention and learned attention: the mean of the memory."""

from typing import ClassVar, final

from jaxtyping import Float
from torch import Tensor

from attnlab.attention.scoring import ScoringFunction


@final
class Uniform(ScoringFunction):
    """0 for every position, whoever asks: the softmax spreads evenly and the context is the mean of the memory."""

    formula: ClassVar[str] = "0"
    source: ClassVar[str] = "the control: the mean of the memory"
    cost: ClassVar[str] = "0"

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """The memory itself, of which only the length is used."""
        return memory

    def forward(
        self, query: Float[Tensor, "batch target hidden"], keys: Float[Tensor, "batch source key"]
    ) -> Float[Tensor, "batch target source"]:
        """Scores before the softmax."""
        return query.new_zeros(query.shape[0], query.shape[1], keys.shape[1])
