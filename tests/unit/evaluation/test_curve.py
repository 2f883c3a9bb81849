import numpy as np
import pytest

from attnlab.errors import DataError
from attnlab.evaluation.curve import draw_curve
from attnlab.evaluation.pictures import picture

NAMES = ["1-5", "6-10", "11-15", "16-20", "21+"]
GENERAL = {
    "test/bleu": 41.0,
    "test/bleu/6-10": 40.0,
    "test/bleu/11-15": 38.0,
    "test/bleu/16-20": 35.0,
    "test/sentences/6-10": 300.0,
    "test/sentences/11-15": 200.0,
    "test/sentences/16-20": 100.0,
}
NONE = {"test/bleu/6-10": 39.0, "test/bleu/16-20": 12.0, "test/sentences/6-10": 300.0, "test/sentences/16-20": 150.0}


def test_each_run_is_a_line_over_the_buckets_it_has() -> None:
    curve, counts = draw_curve({"luong_general": GENERAL, "no $attention$": NONE}, names=NAMES).axes
    lines = {str(line.get_label()): np.column_stack(line.get_data()).tolist() for line in curve.lines}
    assert lines == {"luong_general": [[0, 40], [1, 38], [2, 35]], "no $attention$": [[0, 39], [2, 12]]}
    assert [label.get_text() for label in counts.get_xticklabels()] == ["6-10", "11-15", "16-20"]
    assert [bar.get_height() for bar in counts.patches] == [300, 200, 150]  # type: ignore[attr-defined]
    assert curve.get_ylabel() == "test BLEU"
    assert len({line.get_marker() for line in curve.lines}) == 2


def test_a_bucket_nobody_has_stays_where_it_lies_between_others() -> None:
    counts = draw_curve({"no_attention": NONE}, names=NAMES).axes[1]
    assert [label.get_text() for label in counts.get_xticklabels()] == ["6-10", "11-15", "16-20"]


@pytest.mark.parametrize("form", ["png", "svg"])
def test_it_is_drawn_whatever_the_runs_are_called(form: str) -> None:
    assert picture(draw_curve({f"$ \\frac _ {seed} 狗 $": GENERAL for seed in range(12)}, names=NAMES), form)


def test_runs_without_the_metric_are_refused() -> None:
    with pytest.raises(
        DataError, match=r"A curve needs test/chrf of .* none of 1 runs has any of 1-5, .*score the runs"
    ):
        draw_curve({"luong_general": GENERAL}, names=NAMES, metric="chrf")
