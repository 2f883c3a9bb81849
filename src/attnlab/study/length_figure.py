"""BLEU against source length: one line for each row, with the lengths that training has seen."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from attnlab.evaluation.intervals import Estimate, estimate
from attnlab.study.rows import Row
from attnlab.study.sentences import Sentences
from attnlab.study.settings import setting
from attnlab.study.styles import Style, bleu_axis, draw_line, finish

_BINS: Final = 8
"""Over the lengths of nearly all sentences; the longest add one or two more."""
_NEARLY_ALL: Final = 0.95
_LEAST: Final = 20
"""Sentences of a bin: BLEU of fewer is mostly noise."""


def length_bins(lengths: Sequence[int]) -> list[list[int]]:
    """Places of sentences, short ones first: bins of one width, wider where they would hold fewer than 20."""
    order = sorted(range(len(lengths)), key=lambda place: lengths[place])
    shortest, usual = lengths[order[0]], lengths[order[int(_NEARLY_ALL * (len(order) - 1))]]
    width = max(1, -(-(usual - shortest + 1) // _BINS))
    least = max(1, min(_LEAST, len(order) // 5))
    bins: list[list[int]] = [[]]
    start = shortest
    for place in order:
        if lengths[place] >= start + width and len(bins[-1]) >= least and lengths[place] != lengths[bins[-1][-1]]:
            bins.append([])
            start += (lengths[place] - start) // width * width
        bins[-1].append(place)
    if len(bins) > 1 and len(bins[-1]) < least:
        bins[-2:] = [bins[-2] + bins[-1]]
    return bins


def training_lengths(config: Mapping[str, Any]) -> tuple[int, int | None] | None:
    """Shortest and longest source that a run may have been trained on, in words; None where nobody has set it."""
    lowest, highest = setting(config, "data.length.train") or (None, None)
    if setting(config, "data.join") in (None, 1):
        lowest = setting(config, "data.corpus.lengths.minimum") if lowest is None else lowest
        highest = setting(config, "data.corpus.lengths.maximum") if highest is None else highest
    return None if lowest is None else (lowest, highest)


def draw_lengths(rows: Sequence[Row], sentences: Sentences, styles: Mapping[str, Style]) -> Figure:
    """BLEU of each bin, and below it how many sentences that is.

    Args:
        rows: best first.
        sentences: of the test.
        styles: name of a row -> how it looks.
    """
    bins = length_bins(sentences.lengths)
    places = [sum(sentences.lengths[row] for row in members) / len(members) for members in bins]
    figure = Figure(figsize=(7.0, 5.2), dpi=120, layout="constrained")
    axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=[5, 1])
    shown = [row for row in rows if styles[row.name].shown]
    for row in rows:
        shift = 0.08 * (shown.index(row) - (len(shown) - 1) / 2) if row in shown else 0.0
        draw_line(axes, places, bleu_by_bin(row, sentences, bins), row.name, styles[row.name], shift=shift)
    axes.set_ylabel("test BLEU")
    bleu_axis(axes)
    axes.grid(axis="y", color="0.9")
    widest = max(sentences.lengths) + 1
    axes.set_xlim(min(sentences.lengths) - 1, places[-1] + 2)
    trained = Counter(range_ for row in rows if (range_ := training_lengths(row.records[0].config)) is not None)
    for lowest, highest in sorted(trained, key=lambda each: each[1] or widest):
        axes.axvspan(lowest - 0.5, (highest or widest) + 0.5, color="0.5", alpha=0.12, zorder=0, linewidth=0)
        if highest is not None and highest + 0.5 < places[-1] + 2:
            axes.axvline(highest + 0.5, color="0.4", linewidth=0.8, linestyle=":", zorder=0)
            axes.annotate(
                f"trained to {highest}",
                (highest + 0.5, 1),
                color="0.35",
                fontsize=8,
                rotation=90,
                ha="right",
                va="bottom",
            )
    counts.hist(sentences.lengths, bins=[length - 0.5 for length in range(1, widest + 1)], color="0.6")
    counts.set_ylabel("sentences", fontsize=9)
    counts.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    counts.set_xlabel("words in the source")
    finish(figure, axes, others=len(rows) - len(shown))
    return figure


def bleu_by_bin(row: Row, sentences: Sentences, bins: Sequence[Sequence[int]]) -> list[Estimate | None]:
    """Mean over the seeds of a row, for each bin."""
    return [estimate([sentences.bleu(record, members) for record in row.records]) for members in bins]
