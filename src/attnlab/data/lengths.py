"""What short, medium and long mean: source length in words before tokenisation, cut into named buckets."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, final

from attnlab.errors import ConfigError

Range = tuple[int, int | None]
"""Lowest and highest number of words, both inclusive; None for no highest."""


def word_count(text: str) -> int:
    """Words of a text before tokenisation: its runs of anything but white space."""
    return len(text.split())


def read_range(bounds: object, *, name: str) -> Range:
    """`[lowest, highest or null]` as the configuration writes it.

    Raises:
        ConfigError: not two whole numbers, lowest below 1, or highest below lowest.
    """
    match bounds:
        case [int(lowest), None] if lowest >= 1:
            return lowest, None
        case [int(lowest), int(highest)] if 1 <= lowest <= highest:
            return lowest, highest
    raise ConfigError(
        f"A length range is [lowest, highest] in words with 1 <= lowest <= highest (null for no highest), "
        f"but {name} is {bounds}: write for example {name}=[1,9]."
    )


def within(length: int, bounds: Range) -> bool:
    """Whether a length lies in a range."""
    lowest, highest = bounds
    return length >= lowest and (highest is None or length <= highest)


@final
class LengthBuckets:
    """Named ranges of source length, ordered from short to long.

    Args:
        ranges: name -> [lowest, highest or null], inclusive. Gaps are allowed; only the last may be open.

    Raises:
        ConfigError: no bucket, a name or a range that is none, or two that overlap or stand in the wrong order.
    """

    def __init__(self, ranges: Mapping[Any, object]) -> None:
        if not ranges:
            raise ConfigError("Lengths need at least one bucket, but data.length.buckets is empty: name one range.")
        if wrong := [name for name in ranges if not isinstance(name, str)]:
            raise ConfigError(
                f"The name of a length bucket is a word, but data.length.buckets has {wrong[0]!r}: call it, say, "
                f"to_{wrong[0]}."
            )
        self._ranges = {name: read_range(bounds, name=f"data.length.buckets.{name}") for name, bounds in ranges.items()}
        for (name, (_, highest)), (following, (lowest, _)) in pairwise(self._ranges.items()):
            if highest is None or lowest <= highest:
                end = "has no end" if highest is None else f"ends at {highest}"
                raise ConfigError(
                    f"Length buckets are ordered and do not overlap, but {name} {end} and the next, {following}, "
                    f"begins at {lowest}: mend data.length.buckets (buckets that are not named stay: "
                    "'~data.length.buckets' '+data.length.buckets={...}' replaces all)."
                )

    @classmethod
    def fine(cls, step: object, maximum: object) -> "LengthBuckets":
        """Narrow buckets for plots: "1-5", "6-10" and so on to `maximum`, and one for all above, "51+".

        Raises:
            ConfigError: no whole numbers, a step below 1, or a maximum that the steps do not reach exactly.
        """
        if type(step) is not int or type(maximum) is not int or step < 1 or maximum < step or maximum % step:
            raise ConfigError(
                f"Fine length buckets take steps >= 1 up to a multiple of the step, but step is {step} and maximum "
                f"{maximum}: mend data.length.fine."
            )
        starts = range(1, maximum + 1, step)
        ranges: dict[str, object] = {
            str(start) if step == 1 else f"{start}-{start + step - 1}": [start, start + step - 1] for start in starts
        }
        return cls({**ranges, f"{maximum + 1}+": [maximum + 1, None]})

    @property
    def names(self) -> tuple[str, ...]:
        """Names, from short to long."""
        return tuple(self._ranges)

    @property
    def ranges(self) -> dict[str, Range]:
        """Name -> (lowest, highest or None)."""
        return dict(self._ranges)

    def of(self, length: int) -> str | None:
        """Name of the bucket a source of `length` words lies in; None if it lies in none."""
        return next((name for name, bounds in self._ranges.items() if within(length, bounds)), None)

    def __repr__(self) -> str:
        return f"LengthBuckets({self._ranges})"
