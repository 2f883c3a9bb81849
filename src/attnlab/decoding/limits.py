"""How short and how long a hypothesis may be."""

import math
from dataclasses import dataclass

from jaxtyping import Int
from torch import Tensor

from attnlab.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class LengthLimit:
    """At most `ratio * source length + extra` tokens, rounded down, and never more than `maximum`.

    The limit counts what is written, EOS included, so a finished hypothesis holds at most limit - 1 tokens, and one
    that holds as many tokens as the limit is returned unfinished. `minimum` counts tokens without EOS. The limit leaves
    room for `minimum` tokens and EOS, however short the source.

    Attributes:
        ratio: target tokens allowed for each source token.
        extra: target tokens allowed beyond that.
        maximum: the limit of the longest source.
        minimum: tokens that come before EOS is allowed.
    """

    ratio: float
    extra: int
    maximum: int
    minimum: int = 0

    def __post_init__(self) -> None:
        if self.minimum < 0:
            raise ConfigError(
                f"minimum length cannot be negative, but is {self.minimum}: set length_limit.minimum to 0."
            )
        if self.maximum <= self.minimum:
            raise ConfigError(
                f"maximum length must exceed the minimum, which EOS follows, but they are {self.maximum} and "
                f"{self.minimum}: raise length_limit.maximum."
            )
        if self.ratio < 0 or self.extra < 0:
            raise ConfigError(
                f"a length limit cannot shrink with the source, but ratio is {self.ratio} and extra {self.extra}: "
                "set length_limit.ratio and length_limit.extra to 0 or more."
            )

    def of(self, source_lengths: Int[Tensor, " batch"]) -> Int[Tensor, " batch"]:
        """The limit of each sentence."""
        limits = [math.floor(self.ratio * length) + self.extra for length in source_lengths.tolist()]
        return source_lengths.new_tensor(limits).clamp(min=self.minimum + 1, max=self.maximum)
