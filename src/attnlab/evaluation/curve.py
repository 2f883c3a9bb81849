"""How BLEU falls, or does not, as sources grow longer."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from attnlab.evaluation.by_length import metric_name
from attnlab.evaluation.pictures import font_families, printable


def draw_curve(metrics: Mapping[str, float], *, names: Sequence[str], label: str) -> Figure:
    """Test BLEU over source length, and below it how many sentences each point rests on.

    There is a point only where there are sentences; the line goes on to the next one.

    Args:
        metrics: as metrics.json holds them, with BLEU of at least one of the buckets.
        names: fine buckets, from short to long; those without sentences at either end are left out.
        label: name of the run.
    """
    known = [metrics.get(metric_name("test", "bleu", name)) for name in names]
    scored = [place for place, bleu in enumerate(known) if bleu is not None]
    buckets = names[scored[0] : scored[-1] + 1]
    figure = Figure(figsize=(max(6.0, 0.55 * len(buckets) + 2), 4.5), dpi=120, layout="constrained")
    axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    (line,) = axes.plot([place - scored[0] for place in scored], [known[place] for place in scored], "o-", markersize=5)
    line.set_label(printable(label))
    axes.set_ylabel("test BLEU")
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color="0.9")
    for text in axes.legend(prop={"family": font_families(), "size": 9}).get_texts():
        text.set_parse_math(False)
    sentences = [metrics.get(metric_name("test", "sentences", name), 0.0) for name in buckets]
    counts.bar(range(len(buckets)), sentences, color="0.75")
    counts.set_ylabel("sentences", fontsize=9)
    counts.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    counts.set_xticks(range(len(buckets)), buckets)
    counts.set_xlabel("words in the source")
    return figure
