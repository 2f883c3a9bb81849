"""What a probe of memory states found, as a picture: one panel for gradients, one for the read-out."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from attnlab.evaluation.intervals import Estimate
from attnlab.evaluation.pictures import font_families, printable
from attnlab.evaluation.probe import offset_names

_STYLES: Final = (("C0", "o-"), ("C1", "s-"), ("0.35", "^--"), ("0.6", "v:"))
"""Lines differ in marker as well as in colour, for readers who do not see the colours apart."""


Curves = Mapping[str, Sequence[Estimate]]
"""Label -> an estimate for each offset."""


def draw_probe(shares: Curves, accuracies: Curves, *, reach: int, title: str) -> Figure:
    """Gradient shares (left) and accuracies of the read-out (right) by offset, with 95 % intervals.

    Args:
        shares: label -> share of a state's squared gradient at each offset, all farther words at either end.
        accuracies: label -> accuracy of the read-out at each offset.
        reach: the largest offset with a name of its own.
        title: stands above both.
    """
    figure = Figure(figsize=(11.0, 4.6), dpi=120, layout="constrained")
    left, right = figure.subplots(1, 2)
    figure.suptitle(printable(title), family=font_families(), parse_math=False, fontsize=11)
    _draw(left, shares, offset_names(reach, beyond=True))
    left.set_title("Where the gradient of a memory state comes from", fontsize=10)
    left.set_ylabel("share of the squared gradient (%)")
    _draw(right, accuracies, offset_names(reach, beyond=False))
    right.set_title("Which words a linear map reads from a memory state", fontsize=10)
    right.set_ylabel("words read correctly (%)")
    return figure


def _draw(axes: Axes, curves: Curves, names: Sequence[str]) -> None:
    for number, (label, found) in enumerate(curves.items()):
        color, form = _STYLES[number % len(_STYLES)]
        percent = [100 * each.mean for each in found]
        error = [math.nan if each.half_width is None else 100 * each.half_width for each in found]
        (line, *_) = axes.errorbar(range(len(names)), percent, error, fmt=form, color=color, capsize=2, linewidth=1.2)
        line.set_markersize(4)
        line.set_label(label)
    axes.set_xticks(range(len(names)), names)
    axes.set_xlabel("place of the word, counted from the state's own word (words)")
    axes.set_ylim(0, 103)
    axes.grid(axis="y", color="0.9")
    axes.legend(fontsize=9)
