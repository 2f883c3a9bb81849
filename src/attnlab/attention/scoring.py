"""The interface of every scoring function."""

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn


class ScoringFunction(nn.Module, ABC):
    """Scores every memory state against every query.

    `keys` holds whatever depends on the memory alone, so that a decoder computes it once per source and not at every
    step. Padding is not this class's concern: `masked_softmax` removes it, whatever score it got.
    """

    @abstractmethod
    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """Projects the memory into the space in which queries are compared with it."""

    @abstractmethod
    def forward(
        self, query: Float[Tensor, "batch target hidden"], keys: Float[Tensor, "batch source key"]
    ) -> Float[Tensor, "batch target source"]:
        """Scores before the softmax."""
