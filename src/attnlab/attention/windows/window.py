"""The interface of every window."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attnlab.errors import ConfigError


@dataclass(frozen=True)
class Span:
    """The positions [center - reach, center + reach] of the source, for each query; the first position is 0.

    Attributes:
        centers: need not be whole numbers. In float32 at least: bfloat16 cannot tell position 257 from 256.
        reach: Luong's D.
        deviation: standard deviation of the Gaussian around the center that multiplies the weights; None for none.
    """

    centers: Float[Tensor, "batch target"]
    reach: int
    deviation: float | None

    @property
    def size(self) -> int:
        """The most positions that a span can hold."""
        return 2 * self.reach + 1

    def candidates(self) -> Int[Tensor, "batch target seen"]:
        """`size` positions, all of the span's among them; some may lie outside of it, or of the source."""
        offsets = torch.arange(-self.reach, self.reach + 1, device=self.centers.device)
        return self.centers.detach().round().long().unsqueeze(-1) + offsets

    def holds(self, positions: Int[Tensor, "#batch #target seen"]) -> Bool[Tensor, "batch target seen"]:
        """Which positions lie in the span."""
        return (positions - self.centers.unsqueeze(-1)).abs() <= self.reach

    def favour(self, positions: Int[Tensor, "#batch #target seen"]) -> Float[Tensor, "batch target seen"] | None:
        """What the weights of these positions are multiplied by."""
        if self.deviation is None:
            return None
        return torch.exp(-(((positions - self.centers.unsqueeze(-1)) / self.deviation) ** 2) / 2)

    def of(self, queries: slice) -> "Span":
        """The spans of some of the queries."""
        return Span(self.centers[:, queries], self.reach, self.deviation)


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


def checked_reach(reach: int) -> int:
    """The reach, if a span around any point of the source then holds a position.

    Raises:
        ConfigError: if it is not positive.
    """
    if reach < 1:
        raise ConfigError(
            f"A window reaches at least 1 position to both sides of its center, not {reach}: set model.window.reach, "
            "10 in the paper."
        )
    return reach
