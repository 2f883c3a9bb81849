"""BLEU against source length: one line for each row, with the lengths that training has seen."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, Final

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from attnlab.evaluation.intervals import Estimate
from attnlab.evaluation.significance import interval
from attnlab.study.rows import Row
from attnlab.study.sentences import SEED, Sentences
from attnlab.study.settings import TRAINED_LENGTH, setting
from attnlab.study.styles import Style, bleu_axis, draw_line, finish, styles_of

_BINS: Final = 8
"""Over the lengths of nearly all sentences; the longest add one or two more."""
_NEARLY_ALL: Final = 0.95
SHOWN: Final = 0.995
"""Share of the sentences that the axis reaches."""
_MOST_PANELS: Final = 4
_SHARES: Final = "data.sample.train.shares"
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
    """Shortest and longest source that a run may have been trained on, in words; None where nobody has set it.

    Nor is it known where pairs were drawn by shares of the buckets.
    """
    if setting(config, _SHARES):
        return None
    lowest, highest = setting(config, TRAINED_LENGTH) or (None, None)
    joined = setting(config, "data.join")
    if (joined.get("train", 1) if isinstance(joined, Mapping) else joined) in (None, 1):
        lowest = setting(config, "data.corpus.lengths.minimum") if lowest is None else lowest
        highest = setting(config, "data.corpus.lengths.maximum") if highest is None else highest
    return None if lowest is None else (lowest, highest)


def seen_lengths(rows: Sequence[Row]) -> tuple[int, int] | None:
    """Words of the shortest and of the longest source that some run was trained on.

    None where no run says it, or where rows were to be trained on different lengths.
    """
    configs = [row.records[0].config for row in rows]
    if len({(training_lengths(config), str(setting(config, _SHARES))) for config in configs}) > 1:
        return None
    found = [
        [each for row in rows for record in row.records if (each := record.known(metric)) is not None]
        for metric in ("train/shortest_source", "train/longest_source")
    ]
    return (int(min(found[0])), int(max(found[1]))) if all(found) else None


def draw_lengths(rows: Sequence[Row], sentences: Sentences, styles: Mapping[str, Style]) -> Figure:
    """BLEU of each bin, and below it how many sentences that is; a panel for each range of training lengths.

    Args:
        rows: best first.
        sentences: of the test.
        styles: name of a row -> how it looks; not used where there are several panels, since models look alike in all.
    """
    panels = by_training_lengths(rows)
    names = {row.name: row.name_without(TRAINED_LENGTH) if len(panels) > 1 else row.name for row in rows}
    if len(panels) > 1:
        of_names = styles_of(list(dict.fromkeys(names.values())))
        styles = {name: of_names[short] for name, short in names.items()}
    bins = length_bins(sentences.lengths)
    places = [sum(sentences.lengths[row] for row in members) / len(members) for members in bins]
    figure = Figure(figsize=(7.0 if len(panels) == 1 else 4.2 * len(panels), 5.2), dpi=120, layout="constrained")
    grid = figure.subplots(2, len(panels), sharex=True, sharey="row", height_ratios=[5, 1], squeeze=False)
    shown = list(dict.fromkeys(names[row.name] for row in rows if styles[row.name].shown))
    widest = max(sentences.lengths) + 1
    edge = sorted(sentences.lengths)[int(SHOWN * (len(sentences.lengths) - 1))]
    for (axes, counts), (trained, own) in zip(grid.T, panels.items(), strict=True):
        for row in own:
            name, style = names[row.name], styles[row.name]
            shift = 0.08 * (shown.index(name) - (len(shown) - 1) / 2) if style.shown else 0.0
            draw_line(axes, places, bleu_by_bin(row, sentences, bins), name, style, shift=shift)
        axes.grid(axis="y", color="0.9")
        axes.set_xlim(min(sentences.lengths) - 1, max(places[-1], edge) + 1)
        if (shaded := trained or seen_lengths(own)) is not None:
            lowest, highest = shaded
            axes.axvspan(lowest - 0.5, (highest or widest) + 0.5, color="0.5", alpha=0.12, zorder=0, linewidth=0)
        if len(panels) > 1:
            axes.set_title(_title(trained), fontsize=10)
        counts.hist(sentences.lengths, bins=[length - 0.5 for length in range(1, widest + 1)], color="0.6")
        counts.yaxis.set_major_locator(MaxNLocator(2, integer=True))
        counts.set_xlabel("words in the source")
    bleu_axis(grid[0, 0])
    grid[0, 0].set_ylabel("test BLEU")
    grid[1, 0].set_ylabel("sentences", fontsize=9)
    finish(figure, list(grid[0]), others=len(set(names.values())) - len(shown))
    return figure


def by_training_lengths(rows: Sequence[Row]) -> dict[tuple[int, int | None] | None, list[Row]]:
    """Rows of each range of training lengths, short ones first; all in one where there are too many ranges."""
    found: dict[tuple[int, int | None] | None, list[Row]] = {}
    for row in rows:
        found.setdefault(training_lengths(row.records[0].config), []).append(row)
    if len(found) > _MOST_PANELS:
        return {None: list(rows)}
    return dict(sorted(found.items(), key=lambda each: _bounds(each[0])))


def _bounds(trained: tuple[int, int | None] | None) -> tuple[float, float]:
    lowest, highest = trained or (0, None)
    return math.inf if highest is None else float(highest), float(lowest)


def _title(trained: tuple[int, int | None] | None) -> str:
    if trained is None:
        return "trained on any length"
    lowest, highest = trained
    return f"trained on {lowest} words and more" if highest is None else f"trained on {lowest} to {highest} words"


def bleu_by_bin(row: Row, sentences: Sentences, bins: Sequence[Sequence[int]]) -> list[Estimate]:
    """Mean over the seeds of a row, for each bin, and how sure it is over sentences and seeds."""
    runs = [sentences.statistics[record.folder] for record in row.records]
    return [
        interval([run[list(members)] for run in runs], seed=SEED)
        if len(members) > 1
        else Estimate(fmean(sentences.bleu(record, members) for record in row.records), None, len(runs))
        for members in bins
    ]
