"""Which of several ways is faster, on a machine whose speed drifts: all of them in turn, compared round by round."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """Median and quartiles of repeated measurements."""

    lower: float
    median: float
    upper: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> "Spread":
        """Quartiles by linear interpolation; a single figure is all three."""
        return cls(*np.percentile(figures, [25, 50, 75]).tolist())

    def show(self, form: str = ",.0f") -> str:
        """Such as 2,153 [2,110, 2,180]."""
        return f"{self.median:{form}} [{self.lower:{form}}, {self.upper:{form}}]"


@dataclass(frozen=True)
class Alternated:
    """One figure a round for each side, in the order of the rounds."""

    figures: Mapping[str, Sequence[float]]

    def side(self, name: str) -> Spread:
        """What one side measured."""
        return Spread.of(self.figures[name])

    def ratio(self, name: str, to: str) -> Spread:
        """One side over another, round by round: what slows a whole round down falls out."""
        return Spread.of([one / other for one, other in zip(self.figures[name], self.figures[to], strict=True)])

    def limit(self, name: str, rate: str, cost: float) -> tuple[Spread, Spread]:
        """What a side could measure at most, and the share of that which it did, round by round.

        Args:
            name: of the side.
            rate: the side that measured operations a second.
            cost: operations of one thing that is counted.
        """
        allowed = [each / cost for each in self.figures[rate]]
        return Spread.of(allowed), Spread.of(
            [own / most for own, most in zip(self.figures[name], allowed, strict=True)]
        )


def alternate(sides: Mapping[str, Callable[[], float]], *, rounds: int, warm_up: int = 1) -> Alternated:
    """Measures every side once a round, every other round in reverse order, so that a steady drift falls out, too.

    Args:
        sides: a measurement by name; each call gives one figure, in the same unit for all.
        rounds: those that count.
        warm_up: rounds before them that do not.
    """
    figures: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(-warm_up, rounds):
        for name in list(sides)[:: -1 if number % 2 else 1]:
            figure = sides[name]()
            if number >= 0:
                figures[name].append(figure)
            print(f"round {number + 1} of {rounds}, {name}: {figure:,.4g}", file=sys.stderr)
    return Alternated(figures)
