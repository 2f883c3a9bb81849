"""Requested length distributions."""

import pytest

from attnlab.data.grammar.dice import Dice
from attnlab.data.grammar.requested_lengths import RequestedLengths
from attnlab.errors import ConfigError


@pytest.mark.parametrize(
    ("minimum", "maximum", "mean"), [(3, 40, 13), (3, 60, 13), (20, 60, 35), (5, 9, 7), (3, 60, 58), (3, 60, 4)]
)
def test_the_mean_is_met(minimum: int, maximum: int, mean: int) -> None:
    lengths = RequestedLengths({"minimum": minimum, "maximum": maximum, "mean": mean})
    assert lengths.mean == pytest.approx(mean, abs=0.02)
    dice = Dice("lengths")
    drawn = [lengths.draw(dice) for _ in range(4000)]
    assert minimum <= min(drawn) <= max(drawn) <= maximum
    assert sum(drawn) / len(drawn) == pytest.approx(mean, rel=0.05)


def test_ranges_get_their_weights() -> None:
    lengths = RequestedLengths({"3-4": 1, "10": 1, "20-29": 2})
    dice = Dice("ranges")
    drawn = [lengths.draw(dice) for _ in range(4000)]
    assert set(drawn) == {3, 4, 10, *range(20, 30)}
    assert drawn.count(10) / 4000 == pytest.approx(0.25, abs=0.03)
    assert sum(length >= 20 for length in drawn) / 4000 == pytest.approx(0.5, abs=0.03)


def test_one_length_is_a_distribution() -> None:
    lengths = RequestedLengths({"minimum": 7, "maximum": 7, "mean": 7})
    assert lengths.draw(Dice("one")) == 7


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"minimum": 3, "mean": 9}, "exactly minimum, maximum and mean"),
        ({"minimum": 3.5, "maximum": 9, "mean": 7}, "whole words"),
        ({"minimum": 3, "maximum": 9, "mean": 12}, "lengths.mean is 12, but has to lie between"),
        ({"minimum": 2, "maximum": 9, "mean": 5}, "2 to 9 words, but sentences have 3 to 200"),
        ({"9-3": 1}, "9 to 3 words"),
        ({}, "lengths is empty"),
        ({"short": 1}, "'short', which is no range"),
        ({"3-9": 0}, "weights are positive"),
        ({"3-9": 1, "9-12": 1}, "names 9 words twice"),
    ],
)
def test_what_cannot_be_met_is_refused(request_: dict[str, int | float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RequestedLengths(request_)
