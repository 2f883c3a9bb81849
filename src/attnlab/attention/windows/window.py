"""The interface of every window."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn


@dataclass(frozen=True)
class Span:
    """The positions [center - reach, center + reach] of the source, for each query.

    Attributes:
        centers: need not be whole numbers.
        reach: Luong's D.
        deviation: standard deviation of the Gaussian around the center that multiplies the weights; None for none.
    """

    centers: Float[Tensor, "batch target"]
    reach: int
    deviation: float | None

    def holds(self, positions: Int[Tensor, "#batch #target seen"]) -> Bool[Tensor, "batch target seen"]:
        """Which positions lie in the span."""
        return (positions - self.centers.unsqueeze(-1)).abs() <= self.reach

    def favour(self, positions: Int[Tensor, "#batch #target seen"]) -> Float[Tensor, "batch target seen"] | None:
        """What the weights of these positions are multiplied by."""
        if self.deviation is None:
            return None
        return torch.exp(-(((positions - self.centers.unsqueeze(-1)) / self.deviation) ** 2) / 2)


class Window(nn.Module, ABC):
    """Decides where in the source each query may look."""

    @abstractmethod
    def forward(
        self,
        query: Float[Tensor, "batch target hidden"],
        step: Int[Tensor, "batch target"],
        source_lengths: Int[Tensor, " batch"],
    ) -> Span | None:
        """The span of each query, which is at target position `step`; None for the whole source."""
