"""How many words each source sentence is asked to have."""

from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from typing import Final

from attnlab.data.grammar.dice import Dice
from attnlab.errors import ConfigError

SHORTEST: Final = 3
LONGEST: Final = 200
_SHAPED: Final = frozenset({"minimum", "maximum", "mean"})


class RequestedLengths:
    """A distribution over whole sentence lengths, in words of the source with its punctuation.

    Two ways to ask:

    * `{minimum: 3, maximum: 40, mean: 13}`: one hump, w(L) = x^2 r^x with x = L - minimum + 1 and r such that the mean
      is met; most sentences lie near the mean, and the tail falls like a geometric one.
    * `{"3-9": 0.2, "10-19": 0.5, "20-60": 0.3}`: weights of ranges, flat within each; `"7": 1` is one length.
    """

    def __init__(self, request: Mapping[str, int | float]) -> None:
        weights = _hump(request) if _SHAPED & set(request) else _ranges(request)
        self._lengths = sorted(weights)
        self._cumulative = list(accumulate(weights[length] for length in self._lengths))
        self.mean = sum(length * weights[length] for length in self._lengths) / self._cumulative[-1]

    def draw(self, dice: Dice) -> int:
        """One length."""
        return self._lengths[bisect_right(self._cumulative, dice.below(self._cumulative[-1]))]


def _hump(request: Mapping[str, int | float]) -> dict[int, int]:
    if set(request) != _SHAPED:
        raise ConfigError(
            f"lengths holds {sorted(request)}, but a shaped request needs exactly minimum, maximum and mean: "
            "name all three, or give weights of ranges such as '3-9: 0.5'"
        )
    minimum, maximum, mean = request["minimum"], request["maximum"], request["mean"]
    if minimum != int(minimum) or maximum != int(maximum):
        raise ConfigError(
            f"lengths.minimum and lengths.maximum are whole words, not {minimum} and {maximum}: round them"
        )
    _check_range(int(minimum), int(maximum))
    lowest, highest = int(minimum), int(maximum)
    if lowest == highest == mean:
        return {lowest: 1}
    if not lowest < mean < highest:
        raise ConfigError(
            f"lengths.mean is {mean}, but has to lie between minimum {lowest} and maximum {highest}: move it in between"
        )
    # Bisection with the four basic operations only, which every platform rounds alike.
    low, high = 0.0, 64.0
    for _ in range(80):
        ratio = (low + high) / 2
        weights = _weights(ratio, highest - lowest + 1)
        total = sum(weights)
        if sum((lowest + index) * weight for index, weight in enumerate(weights)) / total < mean:
            low = ratio
        else:
            high = ratio
    weights = _weights(low, highest - lowest + 1)
    largest = max(weights)
    return {lowest + index: int(weight / largest * 1_000_000) for index, weight in enumerate(weights)}


def _weights(ratio: float, count: int) -> list[float]:
    """x^2 ratio^x for x = 1 .. count, scaled by the largest so far to stay finite."""
    weights: list[float] = []
    power = 1.0
    for step in range(1, count + 1):
        power *= ratio
        weights.append(step * step * power)
        if power > 1e100:
            weights = [weight / power for weight in weights]
            power = 1.0
    return weights


def _ranges(request: Mapping[str, int | float]) -> dict[int, int]:
    if not request:
        raise ConfigError("lengths is empty: give minimum, maximum and mean, or weights of ranges such as '3-9: 0.5'")
    weights: dict[int, int] = {}
    for name, share in request.items():
        first, _, last = str(name).partition("-")
        if not first.isdecimal() or not (last or first).isdecimal():
            raise ConfigError(f"lengths has the key {name!r}, which is no range of words: write it like '3-9' or '12'")
        lowest, highest = int(first), int(last or first)
        _check_range(lowest, highest)
        if share <= 0:
            raise ConfigError(f"lengths gives {name} the weight {share}, but weights are positive: drop the range")
        for length in range(lowest, highest + 1):
            if length in weights:
                raise ConfigError(f"lengths names {length} words twice: let the ranges not overlap")
            weights[length] = max(1, int(share / (highest - lowest + 1) * 1_000_000))
    return weights


def _check_range(lowest: int, highest: int) -> None:
    if not SHORTEST <= lowest <= highest <= LONGEST:
        raise ConfigError(
            f"lengths asks for {lowest} to {highest} words, but sentences have {SHORTEST} to {LONGEST}: "
            "give a range within these, the smaller number first"
        )
