"""A source length has one name, or none, everywhere."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.data.lengths import LengthBuckets, read_range, within, word_count
from attnlab.errors import ConfigError

BUCKETS = LengthBuckets({"short": [1, 9], "medium": [10, 19], "long": [20, None]})


@pytest.mark.parametrize(
    ("length", "name"),
    [(1, "short"), (9, "short"), (10, "medium"), (19, "medium"), (20, "long"), (999, "long"), (0, None)],
)
def test_bounds_are_inclusive(length: int, name: str | None) -> None:
    assert BUCKETS.of(length) == name


def test_a_gap_has_no_name() -> None:
    assert LengthBuckets({"a": [1, 2], "b": [5, 6]}).of(3) is None
    assert LengthBuckets({"a": [1, 2], "b": [5, 6]}).of(7) is None


def test_names_and_ranges_keep_their_order() -> None:
    assert BUCKETS.names == ("short", "medium", "long")
    assert BUCKETS.ranges == {"short": (1, 9), "medium": (10, 19), "long": (20, None)}


def test_the_repr_says_the_ranges() -> None:
    assert repr(BUCKETS) == "LengthBuckets({'short': (1, 9), 'medium': (10, 19), 'long': (20, None)})"


def test_fine_buckets_are_named_by_their_bounds() -> None:
    assert LengthBuckets.fine(5, 15).ranges == {"1-5": (1, 5), "6-10": (6, 10), "11-15": (11, 15), "16+": (16, None)}
    assert LengthBuckets.fine(1, 2).names == ("1", "2", "3+")


@given(step=st.integers(1, 10), steps=st.integers(1, 10), length=st.integers(1, 200))
def test_fine_buckets_leave_no_length_out(step: int, steps: int, length: int) -> None:
    buckets = LengthBuckets.fine(step, step * steps)
    name = buckets.of(length)
    assert name is not None
    assert within(length, buckets.ranges[name])


@given(
    bounds=st.lists(st.integers(1, 60), min_size=2, max_size=8, unique=True).map(sorted),
    opened=st.booleans(),
    length=st.integers(0, 80),
)
def test_a_length_lies_in_the_one_bucket_that_names_it(bounds: list[int], opened: bool, length: int) -> None:
    ranges = [[low, high - 1] for low, high in pairwise(bounds)]
    last: list[list[int | None]] = [[bounds[-1], None]] if opened else []
    buckets = LengthBuckets({f"bucket {n}": each for n, each in enumerate([*ranges, *last])})
    holding = [name for name, each in buckets.ranges.items() if within(length, each)]
    assert holding == ([] if buckets.of(length) is None else [buckets.of(length)])
    assert bool(holding) == (length >= bounds[0] and (opened or length < bounds[-1]))


def test_words_are_split_at_any_white_space() -> None:
    assert word_count(" a  b\tc\u3000d\x85e ") == 5
    assert word_count("\x1c ") == 0


@pytest.mark.parametrize("bounds", [[0, 5], [5, 4], [1], [1, 2, 3], [None, 5], ["1", 5], [1.5, 2], 5, "1-9", None])
def test_what_is_no_range_is_refused(bounds: object) -> None:
    message = (
        r"\[lowest, highest\] in words with 1 <= lowest <= highest .* but data.length.test is .*: write for example"
    )
    with pytest.raises(ConfigError, match=message):
        read_range(bounds, name="data.length.test")


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({}, "at least one bucket, but data.length.buckets is empty: name one range"),
        ({"a": [1, 5], "b": [5, 9]}, "but a ends at 5 and the next, b, begins at 5: mend data.length.buckets"),
        ({"a": [10, 15], "b": [1, 9]}, "but a ends at 15 and the next, b, begins at 1: mend"),
        ({"a": [1, None], "b": [5, 9]}, "but a has no end and the next, b, begins at 5: mend"),
        ({10: [1, 10]}, "name of a length bucket is a word, but data.length.buckets has 10: call it, say, to_10"),
        ({"a": [0, 9]}, r"but data.length.buckets.a is \[0, 9\]"),
    ],
)
def test_impossible_buckets_are_refused(ranges: dict[Any, list[int | None]], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        LengthBuckets(ranges)


def test_buckets_that_overlap_may_be_meant_to_replace_others() -> None:
    with pytest.raises(
        ConfigError, match=r"not named stay: '~data.length.buckets' '\+data.length.buckets=\{...\}' repl"
    ):
        LengthBuckets({"short": [1, 20], "medium": [10, 19]})


@pytest.mark.parametrize(("step", "maximum"), [(0, 10), (5, 12), (5, 4), (None, 10), (5, None), (2.5, 10)])
def test_impossible_fine_buckets_are_refused(step: object, maximum: object) -> None:
    with pytest.raises(ConfigError, match=rf"step is {step} and maximum {maximum}: mend data.length.fine"):
        LengthBuckets.fine(step, maximum)
