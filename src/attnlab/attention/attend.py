"""How a query reads a memory: scores, weights, context."""

from dataclasses import dataclass
from typing import NamedTuple

from jaxtyping import Bool, Float, Int
from torch import Tensor

from attnlab.attention.scoring import ScoringFunction
from attnlab.masking import masked_softmax


@dataclass(frozen=True)
class Memory:
    """One source batch as attention sees it, shared by all hypotheses; padded states may be anything finite."""

    states: Float[Tensor, "batch source memory"]
    keys: Float[Tensor, "batch source key"]
    source_mask: Bool[Tensor, "batch source"]

    def select(self, rows: Int[Tensor, " kept"]) -> "Memory":
        """The memory of some of the sentences."""
        return Memory(self.states[rows], self.keys[rows], self.source_mask[rows])


class Attended(NamedTuple):
    """What attention returns for each query."""

    context: Float[Tensor, "batch target memory"]
    weights: Float[Tensor, "batch target source"]


def attend(scoring: ScoringFunction, query: Float[Tensor, "batch target hidden"], memory: Memory) -> Attended:
    """Reads the memory: weights = softmax(scores) over real positions; context = weights @ states."""
    weights = masked_softmax(scoring(query, memory.keys), memory.source_mask)
    return Attended(weights @ memory.states, weights)
