"""How rows learn: validation BLEU and loss against target tokens seen and against time."""

from collections.abc import Mapping, Sequence
from math import nan
from statistics import mean
from typing import Final

from matplotlib.figure import Figure

from attnlab.evaluation.intervals import estimate_known
from attnlab.study.learning import Point, course
from attnlab.study.rows import Row
from attnlab.study.styles import Style, draw_line, finish

_METRICS: Final = {"val/bleu": "validation BLEU", "val/loss": "validation loss (nats a token)"}
Courses = dict[str, list[list[Point]]]
"""Name of a row -> the epochs of each of its runs with a log."""


def courses_of(rows: Sequence[Row]) -> Courses:
    """What the logs of all runs tell; rows without any are left out."""
    by_row = {row.name: [points for record in row.records if (points := course(record))] for row in rows}
    return {name: courses for name, courses in by_row.items() if courses}


def draw_learning(courses: Courses, styles: Mapping[str, Style]) -> Figure:
    """Four panels; a point is the mean over seeds at the end of an epoch.

    Args:
        courses: of the rows, best first.
        styles: name of a row -> how it looks.
    """
    figure = Figure(figsize=(9.0, 6.4), dpi=120, layout="constrained")
    panels = figure.subplots(2, 2, sharex="col", sharey="row")
    for name, runs in courses.items():
        every = [point for points in runs for point in points]
        ends = [[point for point in every if point.step == step] for step in sorted({point.step for point in every})]
        ends = [end for end in ends if len(end) == len(runs)] or ends  # a mean of fewer seeds would jump
        minutes = [mean(point.seconds for point in end) / 60 for end in ends]
        tokens = [mean(point.metrics.get("train/tokens", nan) for point in end) / 1e6 for end in ends]
        for metric, axes in zip(_METRICS, panels, strict=True):
            found = [estimate_known(point.metrics.get(metric) for point in end) for end in ends]
            draw_line(axes[0], tokens, found, name, styles[name])
            draw_line(axes[1], minutes, found, name, styles[name])
    for (metric, label), (left, right) in zip(_METRICS.items(), panels, strict=True):
        left.set_ylabel(label)
        for axes in (left, right):
            axes.grid(axis="y", color="0.9")
            if metric == "val/loss":
                axes.set_yscale("log")
    panels[0][0].set_ylim(bottom=0)
    panels[1][0].set_xlabel("target tokens seen (million)")
    panels[1][1].set_xlabel("time (minutes)")
    finish(figure, [panels[0][1]], others=sum(not styles[name].shown for name in courses))
    return figure
