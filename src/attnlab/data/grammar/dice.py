"""Random choices that come out the same on every platform and Python version."""

import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Dice:
    """Draws built on `random.Random.random` alone, whose sequence Python guarantees for a given seed."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed).random

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1."""
        return int(self._random() * limit)

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._random() < probability

    def between(self, lowest: int, highest: int) -> int:
        """A whole number from `lowest` to `highest`, both included."""
        return lowest + self.below(highest - lowest + 1)

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items, all equally likely."""
        return items[int(self._random() * len(items))]

    def spread(self, total: int, ranges: Sequence[tuple[int, int]]) -> list[int] | None:
        """Sizes that sum to `total`, each within its (least, most); None if there are none."""
        sizes = [least for least, _ in ranges]
        rest = total - sum(sizes)
        if rest < 0:
            return None
        spare = sum(most for _, most in ranges) - sum(sizes)
        if rest > spare:
            for _ in range(spare):  # what filling them all would have drawn: what follows stays the same
                self._random()
            return None
        growing = [index for index, (least, most) in enumerate(ranges) if most > least]
        while rest:
            index = self.pick(growing)
            sizes[index] += 1
            rest -= 1
            if sizes[index] == ranges[index][1]:
                growing.remove(index)
        return sizes
