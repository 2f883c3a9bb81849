import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer

from attnlab.evaluation.intervals import Estimate
from attnlab.evaluation.pictures import picture
from attnlab.evaluation.probe_plot import draw_probe


def estimate(*values: float) -> list[Estimate]:
    return [Estimate(value, 0.01, 9) for value in values]


SHARES = {"trained": estimate(0.1, 0.2, 0.4, 0.2, 0.1), "random weights": estimate(0.2, 0.2, 0.2, 0.2, 0.2)}
ACCURACIES = {"trained": [*estimate(0.5, 1.0), Estimate(math.nan, None, 0)]}


def lines(axes: Axes) -> list[list[float]]:
    drawn = [each.lines[0] for each in axes.containers if isinstance(each, ErrorbarContainer)]
    return [[round(float(value), 4) for value in np.asarray(line.get_ydata())] for line in drawn]


def test_each_panel_shows_its_curves_in_per_cent() -> None:
    left, right = draw_probe(SHARES, ACCURACIES, reach=1, title="a run").axes
    assert lines(left) == [[10, 20, 40, 20, 10], [20] * 5]
    assert [label.get_text() for label in left.get_xticklabels()] == ["<-1", "-1", "0", "+1", ">+1"]
    assert [label.get_text() for label in right.get_xticklabels()] == ["-1", "0", "+1"]
    assert lines(right)[0][:2] == [50, 100]
    legend = left.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["trained", "random weights"]


def test_axes_name_their_units() -> None:
    left, right = draw_probe(SHARES, ACCURACIES, reach=1, title="a run").axes
    assert left.get_ylabel() == "share of the squared gradient (%)"
    assert right.get_ylabel() == "words read correctly (%)"
    assert left.get_xlabel().endswith("(words)")


def test_it_is_drawn_with_gaps_and_any_title() -> None:
    assert picture(draw_probe(SHARES, ACCURACIES, reach=1, title="$ \\frac _ 狗"), "png")
