"""How rows look in figures: told apart by colour, marker and dashes, so that they can be read in grey too."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from attnlab.evaluation.intervals import Estimate
from attnlab.evaluation.pictures import font_families, printable
from attnlab.study.baseline import USUAL

_COLORS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9", "#7F6000")
"""Okabe & Ito (2008) without yellow, which is lost on white: told apart by those who do not see red or green."""
_MARKERS: Final = "osD^vPX*"
_DASHES: Final = ("-", "--", "-.", ":")
MOST: Final = len(_COLORS)
"""Rows that can be told apart; of more, some are drawn in grey."""
_LETTERS: Final = 13
"""Of a legend, in an inch."""
_HANDLE: Final = 7
"""Letters that the line before a name is as wide as."""
_MOST_COLUMNS: Final = 4
_LINE: Final = 0.19
"""Inches of one line of it."""


@dataclass(frozen=True)
class Style:
    """Of one row; one that is not `shown` is a grey line without a name."""

    color: str = "0.65"
    marker: str = ""
    dashes: str = "-"
    shown: bool = False


def styles_of(names: Sequence[str], *, always: Sequence[str] = ()) -> dict[str, Style]:
    """A style for each row, the same in every figure.

    Of more rows than can be told apart, the first, the last, `always`, the best of each model without learned
    attention and some between them are shown.

    Args:
        names: of the rows, best first.
        always: rows that are shown in any case.
    """
    shown = list(names)
    if len(names) > MOST:
        best_of_model = {name.partition(" ")[0]: name for name in reversed(names)}
        baselines = (name for model, name in best_of_model.items() if any(part in model for part in USUAL))
        between = (names[len(names) * part // 4] for part in (1, 2, 3))
        kept = list(dict.fromkeys([names[0], names[-1], *always[:2], *baselines, *between, *names]))[:MOST]
        shown = [name for name in names if name in kept]
    styles = {
        name: Style(color, marker, _DASHES[place % len(_DASHES)], shown=True)
        for place, (name, color, marker) in enumerate(zip(shown, _COLORS, _MARKERS, strict=False))
    }
    return {name: styles.get(name, Style()) for name in names}


def draw_line(
    axes: Axes,
    places: Sequence[float],
    found: Sequence[Estimate | None],
    name: str,
    style: Style,
    *,
    shift: float = 0.0,
) -> None:
    """A row as a line with the intervals of its points, or in grey without them; unknown points are gaps.

    Args:
        axes: to draw in.
        places: of the points.
        found: their estimates.
        name: of the row.
        style: of the row.
        shift: moves the intervals aside, so that those of several rows can be seen.
    """
    means = [math.nan if each is None else each.mean for each in found]
    if not style.shown:
        axes.plot(places, means, color=style.color, linewidth=0.9, zorder=1)
        return
    moved = [place + shift for place in places]
    errors = [math.nan if each is None or each.half_width is None else each.half_width for each in found]
    axes.errorbar(
        moved,
        means,
        None if all(map(math.isnan, errors)) else errors,
        label=printable(name),
        color=style.color,
        marker=style.marker,
        linestyle=style.dashes,
        markersize=4.5,
        linewidth=1.4,
        elinewidth=0.8,
        capsize=2,
        zorder=3,
    )


def bleu_axis(axes: Axes) -> None:
    """From 0 to what is reached; an interval of few seeds may go beyond 100."""
    axes.set_ylim(0, min(105.0, axes.get_ylim()[1]))


def finish(figure: Figure, panels: Sequence[Axes], *, others: int = 0) -> None:
    """Puts what the lines of the panels are called below the figure, and the number of grey lines among them."""
    named: dict[Any, Any] = {}
    for axes in panels:
        named |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    handles, labels = list(named.values()), list(named)
    if others:
        handles += panels[0].plot([], [], color=Style().color, linewidth=0.9)
        labels.append(f"{others} other{'s' * (others > 1)}")
    room = int(figure.get_figwidth() * _LETTERS)
    columns = max(1, min(len(labels), _MOST_COLUMNS, room // (max(map(len, labels)) + _HANDLE)))
    figure.set_figheight(figure.get_figheight() + _LINE * (-(-len(labels) // columns) - 1))
    legend = figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        prop={"family": font_families(), "size": 9},
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
