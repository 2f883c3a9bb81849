import math
from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from attnlab.evaluation.intervals import Estimate
from attnlab.study.styles import MOST, Style, draw_line, finish, styles_of

Drawn = Callable[[Axes], dict[str, list[tuple[float, float]]]]


def test_rows_are_told_apart_without_colours() -> None:
    styles = styles_of([f"row {number}" for number in range(MOST)])
    assert all(style.shown for style in styles.values())
    assert len({style.marker for style in styles.values()}) == len({style.color for style in styles.values()}) == MOST


def test_of_many_rows_the_best_the_worst_and_baselines_are_shown() -> None:
    names = [f"row {number:02}" for number in range(17)] + ["no_attention", "luong_uniform", "worst"]
    styles = styles_of(names, always=["row 03"])
    shown = [name for name, style in styles.items() if style.shown]
    assert set(shown) >= {"row 00", "row 03", "no_attention", "luong_uniform", "worst"}
    assert len(shown) == MOST
    assert styles["row 01"] == Style()
    assert styles_of(names, always=["row 03"]) == styles


def test_unknown_points_are_gaps_and_one_seed_has_no_interval(drawn: Drawn) -> None:
    axes = (figure := Figure()).subplots()
    style = styles_of(["a $x$"])["a $x$"]
    draw_line(axes, [1.0, 2.0, 3.0], [Estimate(1.0, 0.5, 3), None, Estimate(3.0, None, 1)], "a $x$", style)
    draw_line(axes, [1.0, 2.0], [Estimate(1.0, 0.5, 3), None], "b", Style())
    (points,) = drawn(axes).values()
    assert str(points) == str([(1.0, 1.0), (2.0, math.nan), (3.0, 3.0)])
    finish(figure, [axes], others=2)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a $x$", "2 others"]


def test_the_legend_names_the_lines_of_every_panel() -> None:
    figure = Figure()
    panels = list(figure.subplots(1, 2))
    for axes, names in zip(panels, ("ab", "bc"), strict=True):
        for name in names:
            axes.plot([1, 2], [1, 2], label=name)
    finish(figure, panels)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b", "c"]
