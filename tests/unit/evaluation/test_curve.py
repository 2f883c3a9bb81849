import numpy as np
import pytest

from attnlab.evaluation.curve import draw_curve
from attnlab.evaluation.pictures import picture

NAMES = ["1-5", "6-10", "11-15", "16-20", "21+"]
METRICS = {
    "test/bleu": 41.0,
    "test/bleu/6-10": 39.0,
    "test/bleu/16-20": 12.0,
    "test/sentences/6-10": 300.0,
    "test/sentences/16-20": 150.0,
}


def test_a_point_for_each_bucket_with_sentences_and_a_place_for_those_between() -> None:
    curve, counts = draw_curve(METRICS, names=NAMES, label="no $attention$").axes
    (line,) = curve.lines
    assert np.column_stack(line.get_data()).tolist() == [[0, 39], [2, 12]]
    assert line.get_label() == "no $attention$"
    assert [label.get_text() for label in counts.get_xticklabels()] == ["6-10", "11-15", "16-20"]
    assert [bar.get_height() for bar in counts.patches] == [300, 0, 150]  # type: ignore[attr-defined]
    assert curve.get_ylabel() == "test BLEU"


@pytest.mark.parametrize("form", ["png", "svg"])
def test_it_is_drawn_whatever_the_run_is_called(form: str) -> None:
    assert picture(draw_curve(METRICS, names=NAMES, label="$ \\frac _ {seed} 狗 $"), form)
