"""How sure a mean of independent values is, few seeds or many sentences: Student's t."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from scipy.special import stdtrit

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


def estimate_known(values: Iterable[float | None]) -> Estimate | None:
    """The same of those that are known and finite; None if none is."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    return estimate(known) if known else None


def with_interval(mean: float, error: float, count: int) -> Estimate:
    """A mean whose standard error is known from `count` independent values: mean ± t error, as in `estimate`."""
    if count < 2:
        return Estimate(mean, None, count)
    return Estimate(mean, student_quantile(CONFIDENCE, degrees=count - 1) * error, count)


def student_quantile(confidence: float, *, degrees: int) -> float:
    """The t with P(|T| <= t) = confidence, for Student's distribution with so many degrees of freedom."""
    return float(stdtrit(degrees, (1 + confidence) / 2))
