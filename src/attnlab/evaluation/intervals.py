"""How sure a mean of independent values is, few seeds or many sentences: Student's t."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

CONFIDENCE: Final = 0.95
"""How often such an interval holds the true mean, if the values differ by normal noise."""


@dataclass(frozen=True)
class Estimate:
    """A mean and how sure it is.

    Attributes:
        mean: of the values.
        half_width: of the interval mean ± half_width, which holds the true mean with probability `CONFIDENCE`; None
            with one value, which says nothing of the spread.
        count: of the independent values.
    """

    mean: float
    half_width: float | None
    count: int


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and interval of independent values, one for each seed.

    mean ± t s / sqrt(n), with the quantile t of Student's distribution with n - 1 degrees of freedom and the standard
    deviation s of the sample (n - 1 in the denominator).

    Args:
        values: at least one.
    """
    mean, count = statistics.fmean(values), len(values)
    error = statistics.stdev(values) / math.sqrt(count) if count > 1 else math.nan
    return with_interval(mean, error, count)


def with_interval(mean: float, error: float, count: int) -> Estimate:
    """A mean whose standard error is known from `count` independent values: mean ± t error, as in `estimate`."""
    if count < 2:
        return Estimate(mean, None, count)
    return Estimate(mean, student_quantile(CONFIDENCE, degrees=count - 1) * error, count)


@cache
def student_quantile(confidence: float, *, degrees: int) -> float:
    """The t with P(|T| <= t) = confidence, for Student's distribution with so many degrees of freedom.

    With t = sqrt(degrees) tan(angle) the probability grows with the angle, so halving [0, pi/2] finds it.
    """
    lowest, highest = 0.0, math.pi / 2
    while lowest < (angle := (lowest + highest) / 2) < highest:  # until no number lies between them
        if _inside(angle, degrees) < confidence:
            lowest = angle
        else:
            highest = angle
    return math.sqrt(degrees) * math.tan(angle)


def _inside(angle: float, degrees: int) -> float:
    """P(|T| <= sqrt(degrees) tan(angle)), a finite sum (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4).

    odd:  2/pi (angle + sin(angle) (cos + 2/3 cos^3 + (2 4)/(3 5) cos^5 + ... up to cos^(degrees - 2)))
    even: sin(angle) (1 + 1/2 cos^2 + (1 3)/(2 4) cos^4 + ... up to cos^(degrees - 2))
    """
    cosine, odd = math.cos(angle), degrees % 2
    term, total = (cosine if odd else 1.0), 0.0
    for power in range(odd, degrees - 1, 2):
        total += term
        term *= (power + 1) / (power + 2) * cosine**2
    total *= math.sin(angle)
    return 2 / math.pi * (angle + total) if odd else total
