from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.axes import Axes

from attnlab.study.learning import Point, course, read_course
from attnlab.study.learning_figure import courses_of, draw_learning
from attnlab.study.records import Record
from attnlab.study.rows import rows_of
from attnlab.study.styles import styles_of

MakeRun = Callable[..., Path]
Read = Callable[[], list[Record]]
Drawn = Callable[[Axes], dict[str, list[tuple[float, float]]]]

START = "23:59:30 INFO luong_dot on grammar, seed 1: 765,905 parameters\n"
LOG = (
    START + "23:59:40 INFO run folder: x\n"
    "00:00:40 INFO epoch 0, step 100: train/loss 0.5, val/bleu 40, train/tokens 60,000\n"
    "no line of ours\n"
    "00:01:40 INFO epoch 1, step 200: train/loss 0.25, val/bleu 60, train/tokens 120,000\n"
)


def test_the_clock_runs_past_midnight() -> None:
    first, second = read_course(LOG.splitlines())
    assert first == Point(100, 70.0, {"train/loss": 0.5, "val/bleu": 40.0, "train/tokens": 60000.0})
    assert (second.step, second.seconds) == (200, 130.0)


def test_a_line_that_was_cut_off_counts_for_nothing(make_run: MakeRun, records: Read) -> None:
    make_run("a", log=LOG + "00:02:40 INFO epoch 2, step 300: train/loss 0.125, val/")
    with Path("a", "train.log").open("ab") as file:
        file.write(b"\xff\xfe\n")
    (record,) = records()
    assert course(record) == read_course(LOG.splitlines())


def test_time_between_two_starts_does_not_count_and_an_epoch_told_again_replaces_the_first() -> None:
    again = START.replace("23:59:30", "10:00:00") + "10:00:50 INFO epoch 1, step 200: val/bleu 61\n"
    points = read_course((LOG + again).splitlines())
    assert [(point.step, point.seconds, point.metrics["val/bleu"]) for point in points] == [
        (100, 70, 40),
        (200, 180, 61),
    ]


def test_what_a_run_says_before_it_goes_on_is_no_time_of_training() -> None:
    again = "09:00:00 INFO begun with threads 2, goes on with 1\n" + START.replace("23:59:30", "10:00:00")
    points = read_course((LOG + again + "10:00:50 INFO epoch 2, step 300: val/bleu 61\n").splitlines())
    assert [(point.step, point.seconds) for point in points] == [(100, 70), (200, 130), (300, 180)]


def test_a_line_for_each_row_against_tokens_and_time(make_run: MakeRun, records: Read, drawn: Drawn) -> None:
    for seed, bleu in ((1, "60"), (2, "70")):
        make_run(f"{seed}", seed=seed, log=LOG.replace("bleu 60", f"bleu {bleu}"))
    make_run("c", "no_attention")
    rows = rows_of(records())
    courses = courses_of(rows)
    assert list(courses) == ["luong_dot"]
    tokens, minutes = draw_learning(courses, styles_of([row.name for row in rows])).axes[:2]
    for axes, places in ((tokens, [0.06, 0.12]), (minutes, [70 / 60, 130 / 60])):
        assert drawn(axes)["luong_dot"] == [pytest.approx(point) for point in zip(places, [40.0, 65.0], strict=True)]
