"""How a score falls, or does not, as sources grow longer: one line for each run."""

from collections.abc import Mapping, Sequence
from typing import Final

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from attnlab.errors import DataError
from attnlab.evaluation.by_length import TABLE_COLUMNS, metric_name
from attnlab.evaluation.pictures import font_families, printable

_MARKERS: Final = "osD^vPX*"
"""Lines differ in marker as well as in colour, for readers who do not see the colours apart."""


def draw_curve(
    runs: Mapping[str, Mapping[str, float]], *, names: Sequence[str], stage: str = "test", metric: str = "bleu"
) -> Figure:
    """A metric over source length, and below it how many sentences each point rests on.

    A run has a point only where it has sentences; the line goes on to its next point.

    Args:
        runs: label -> metrics as metrics.json holds them.
        names: fine buckets, from short to long; those that no run has at either end are left out.
        stage: the stage whose metrics are drawn.
        metric: the metric.

    Raises:
        DataError: no run has the metric in any bucket.
    """
    shown = [name for name in names if any(metric_name(stage, metric, name) in metrics for metrics in runs.values())]
    if not shown:
        raise DataError(
            f"A curve needs {stage}/{metric} of at least one length bucket, but none of {len(runs)} runs has any of "
            f"{', '.join(names)}: score the runs with these buckets."
        )
    first, last = names.index(shown[0]), names.index(shown[-1])
    buckets = list(names[first : last + 1])
    figure = Figure(figsize=(max(6.0, 0.55 * len(buckets) + 2), 4.5), dpi=120, layout="constrained")
    axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    most = [0.0] * len(buckets)
    for number, (label, metrics) in enumerate(runs.items()):
        points = {
            place: metrics[metric_name(stage, metric, name)]
            for place, name in enumerate(buckets)
            if metric_name(stage, metric, name) in metrics
        }
        (line,) = axes.plot(list(points), list(points.values()), marker=_MARKERS[number % len(_MARKERS)], markersize=5)
        line.set_label(printable(label))
        sentences = [metrics.get(metric_name(stage, "sentences", name), 0.0) for name in buckets]
        most = [max(pair) for pair in zip(most, sentences, strict=True)]
    counts.bar(range(len(buckets)), most, color="0.75")
    axes.set_ylabel(f"{stage} {TABLE_COLUMNS.get(metric, metric)}")
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color="0.9")
    for text in axes.legend(prop={"family": font_families(), "size": 9}).get_texts():
        text.set_parse_math(False)
    counts.set_ylabel("sentences", fontsize=9)
    counts.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    counts.set_xticks(range(len(buckets)), buckets)
    counts.set_xlabel("words in the source")
    return figure
