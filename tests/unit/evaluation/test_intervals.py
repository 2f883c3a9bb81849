import math
import random
from statistics import NormalDist

import pytest

from attnlab.evaluation.intervals import estimate, student_quantile


def test_a_mean_and_its_interval_by_hand() -> None:
    """2, 4, 9: mean 5, deviations -3, -1, 4, variance (9 + 1 + 16) / 2 = 13, t = 4.303 with 2 degrees of freedom."""
    found = estimate([2.0, 4.0, 9.0])
    assert (found.mean, found.count) == (5.0, 3)
    assert found.half_width == pytest.approx(4.30265 * math.sqrt(13 / 3), rel=1e-5)


def test_two_seeds_say_little() -> None:
    """1 and 3: standard error 1, t = 12.706."""
    assert estimate([1.0, 3.0]).half_width == pytest.approx(12.7062, rel=1e-5)


def test_one_seed_says_nothing_of_the_spread() -> None:
    found = estimate([91.3])
    assert (found.mean, found.half_width, found.count) == (91.3, None, 1)


def test_equal_values_have_no_spread() -> None:
    assert estimate([7.5, 7.5, 7.5]).half_width == 0


@pytest.mark.parametrize(
    ("degrees", "quantile"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (9, 2.262), (30, 2.042), (60, 2.000), (100, 1.984)],
)
def test_quantiles_are_those_of_the_printed_table(degrees: int, quantile: float) -> None:
    """NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, column 0.975."""
    assert round(student_quantile(0.95, degrees=degrees), 3) == quantile


@pytest.mark.parametrize("confidence", [0.1, 0.5, 0.9, 0.99, 0.999])
def test_quantiles_have_closed_forms_for_one_and_two_degrees(confidence: float) -> None:
    assert student_quantile(confidence, degrees=1) == pytest.approx(math.tan(confidence * math.pi / 2))
    assert student_quantile(confidence, degrees=2) == pytest.approx(confidence * math.sqrt(2 / (1 - confidence**2)))


def test_many_seeds_are_normal() -> None:
    assert student_quantile(0.95, degrees=5000) == pytest.approx(NormalDist().inv_cdf(0.975), rel=3e-4)


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_the_interval_holds_the_truth_as_often_as_it_says(seeds: int) -> None:
    """95 % of 4,000 simulated tables, give or take three standard errors of 0.34 %."""
    chance = random.Random(seeds)
    held = 0
    for _ in range(4000):
        found = estimate([chance.gauss(30.0, 2.0) for _ in range(seeds)])
        assert found.half_width is not None
        held += abs(found.mean - 30.0) <= found.half_width
    assert 0.94 <= held / 4000 <= 0.96
