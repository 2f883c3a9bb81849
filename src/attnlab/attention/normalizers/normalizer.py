"""The interface of every normalizer."""

from abc import ABC, abstractmethod
from typing import ClassVar

from jaxtyping import Bool, Float
from torch import Tensor, nn

from attnlab.attention.past import Past


class Normalizer(nn.Module, ABC):
    """Turns scores into weights over the positions that `mask` allows; all others get exactly 0, whatever their score.

    Attributes:
        remembers: whether the weights depend on `past.weights`; then steps cannot run side by side.
    """

    remembers: ClassVar[bool] = False

    @abstractmethod
    def forward(
        self, scores: Float[Tensor, "*shape"], mask: Bool[Tensor, "*#shape"], past: Past
    ) -> Float[Tensor, "*shape"]:
        """Weights over the last axis, which stands for positions of the source."""
