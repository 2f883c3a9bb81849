"""How rows learn: validation BLEU and loss against target tokens seen and against time."""

from collections.abc import Mapping, Sequence
from typing import Final

from matplotlib.figure import Figure

from attnlab.evaluation.intervals import estimate_known
from attnlab.study.learning import Point, course, tokens_per_step
from attnlab.study.rows import Row
from attnlab.study.styles import Style, draw_line, finish

_METRICS: Final = {"val/bleu": "validation BLEU", "val/loss": "validation loss (nats a token)"}
Courses = dict[str, list[tuple[list[Point], float | None]]]
"""Name of a row -> for each of its runs with a log the epochs, and target tokens a step."""


def courses_of(rows: Sequence[Row]) -> Courses:
    """What the logs of all runs tell; rows without any are left out."""
    records = [record for row in rows for record in row.records]
    points = [course(record) for record in records]
    told_by = zip(points, tokens_per_step(records, points), strict=True)
    told = dict(zip((record.folder for record in records), told_by, strict=True))
    by_row = {row.name: [told[record.folder] for record in row.records if told[record.folder][0]] for row in rows}
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
        steps = sorted({point.step for points, _ in runs for point in points})
        at = {step: [point for points, _ in runs for point in points if point.step == step] for step in steps}
        minutes = [sum(point.seconds for point in at[step]) / len(at[step]) / 60 for step in steps]
        paces = [pace for _, pace in runs if pace is not None]
        for metric, axes in zip(_METRICS, panels, strict=True):
            found = [estimate_known(point.metrics.get(metric) for point in at[step]) for step in steps]
            if paces:
                draw_line(axes[0], [step * paces[0] / 1e6 for step in steps], found, name, styles[name])
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
    finish(figure, panels[0][1], others=sum(not styles[name].shown for name in courses))
    return figure
