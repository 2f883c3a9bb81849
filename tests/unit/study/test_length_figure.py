from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes

from attnlab.study.length_figure import (
    by_training_lengths,
    draw_lengths,
    length_bins,
    seen_lengths,
    training_lengths,
)
from attnlab.study.records import Record
from attnlab.study.rows import rows_of
from attnlab.study.sentences import Sentences, read_sentences
from attnlab.study.styles import styles_of

MakeRun = Callable[..., Path]
Read = Callable[[], list[Record]]
Drawn = Callable[[Axes], dict[str, list[tuple[float, float]]]]


@given(st.lists(st.integers(1, 60), min_size=1, max_size=300))
def test_bins_part_the_sentences_by_length(lengths: list[int]) -> None:
    bins = length_bins(lengths)
    assert sorted(place for members in bins for place in members) == list(range(len(lengths)))
    for before, after in pairwise(bins):
        assert max(lengths[place] for place in before) < min(lengths[place] for place in after)
    assert len(bins) == 1 or min(map(len, bins)) >= min(20, len(lengths) // 5)


def test_bins_by_hand() -> None:
    """16 lengths of 25 sentences: two lengths a bin, and the three longest sentences join the last."""
    lengths = [length for length in range(1, 17) for _ in range(25)] + [40, 41, 42]
    bins = length_bins(lengths)
    assert [sorted({lengths[place] for place in members}) for members in bins] == [
        *([length, length + 1] for length in range(1, 15, 2)),
        [15, 16, 40, 41, 42],
    ]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"length": {"train": [1, 9]}, "corpus": {"lengths": {"minimum": 3, "maximum": 40}}}, (1, 9)),
        ({"length": {"train": [10, None]}, "corpus": {"lengths": {"minimum": 3, "maximum": 40}}}, (10, 40)),
        ({"length": {"train": None}, "corpus": {"lengths": {"minimum": 3, "maximum": 40}}}, (3, 40)),
        ({"length": {"train": None}, "corpus": {"lengths": {"minimum": 3, "maximum": 40}}, "join": 4}, None),
        ({"length": {"train": [10, None]}, "corpus": {}}, (10, None)),
        ({"length": {"train": None}, "corpus": {}}, None),
        ({"length": {"train": [1, 9]}, "sample": {"train": {"shares": {"short": 1}}}}, None),
    ],
)
def test_lengths_of_training(data: dict[str, object], found: object) -> None:
    assert training_lengths({"data": data}) == found


def test_a_row_is_a_line_with_intervals_and_what_was_trained_is_shaded(
    make_run: MakeRun, records: Read, drawn: Drawn
) -> None:
    texts = [" ".join(["a", "b", "c", "d", "e", "f"][:size]) for size in (4, 5, 6) for _ in range(20)]
    for seed in (1, 2):
        made = [(text, text, text if place % 2 else "a") for place, text in enumerate(texts)]
        make_run(f"{seed}", "no_attention", seed, translations=made, config={"data.length.train": [1, 5]})
        make_run(f"{seed}g", seed=seed, translations=[(text, text, text) for text in texts])
    rows = rows_of(found := records())
    sentences = read_sentences(found)
    assert isinstance(sentences, Sentences)
    figure = draw_lengths(rows, sentences, styles_of([row.name for row in rows]))
    short, whole = figure.axes[:2]
    assert [axes.get_title() for axes in (short, whole)] == ["trained on 1 to 5 words", "trained on any length"]
    assert [len(axes.patches) for axes in (short, whole)] == [1, 0]
    lines = {name: [bleu for _, bleu in points] for axes in (short, whole) for name, points in drawn(axes).items()}
    assert lines["luong_dot"] == pytest.approx([100.0, 100.0, 100.0])
    assert len(lines["no_attention"]) == 3
    assert max(lines["no_attention"]) < 60


def test_lengths_that_nobody_has_set_are_shaded_where_runs_say_them(make_run: MakeRun, records: Read) -> None:
    texts = [" ".join("abcdef"[:size]) for size in (4, 5, 6) for _ in range(20)]
    made = [(text, text, text) for text in texts]
    for seed, longest in ((1, 30.0), (2, 31.0)):
        figures = {"train/shortest_source": 3.0, "train/longest_source": longest}
        make_run(f"{seed}", seed=seed, translations=made, metrics=figures)
    rows = rows_of(found := records())
    sentences = read_sentences(found)
    assert isinstance(sentences, Sentences)
    assert seen_lengths(rows) == (3, 31)
    make_run("3", "luong_general", config={"data.length.train": [1, 5]}, metrics=figures)
    assert seen_lengths(rows_of(records())) is None
    shares = {"data.sample.train": {"shares": {"short": 1}}}
    make_run("4", "no_attention", config=shares, metrics=figures)
    assert seen_lengths(rows_of(records())[-1:]) == (3, 31)
    assert seen_lengths([rows[0], rows_of(records())[-1]]) is None
    assert len(draw_lengths(rows, sentences, styles_of(["luong_dot"])).axes[0].patches) == 1


def test_too_many_ranges_share_a_panel_and_one_range_has_no_title(make_run: MakeRun, records: Read) -> None:
    for highest in range(1, 6):
        make_run(f"{highest}", config={"data.length.train": [1, highest]})
    rows = rows_of(records())
    assert by_training_lengths(rows) == {None: rows}
    assert by_training_lengths(rows[:1]) == {(1, 1): rows[:1]}
    assert list(by_training_lengths(rows[:4][::-1])) == [(1, highest) for highest in range(1, 5)]
