"""How the attention of one translated sentence is drawn, as a picture or as text for a terminal."""

from collections.abc import Collection, Sequence
from typing import Final

from jaxtyping import Float
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from rich.cells import cell_len, set_cell_size
from torch import Tensor

from attnlab.errors import ShapeError
from attnlab.evaluation.pictures import label_words, printable

Weights = Float[Tensor, "target source"]

SHADES: Final = " ░▒▓█"
"""From weight 0 to weight 1, even steps of its square root, so that attention spread over a long source still shows."""

_CELL: Final = 0.28
"""Inches between two words."""
_LETTER: Final = 0.085
"""Inches a letter of a label takes, about."""
_LONGEST_LABEL: Final = 16
"""Terminal cells of a target word."""
_SHADE_SIZE: Final = 3
"""Terminal cells of one weight; the number of its column stands above."""


def draw_heatmap(
    weights: Weights,
    source: Sequence[str],
    target: Sequence[str],
    *,
    gold: Collection[tuple[int, int]] = (),
    possible: Collection[tuple[int, int]] = (),
) -> Figure:
    """Source words above, target words to the left, weights in between; it grows with the sentence.

    The colour runs with the square root of the weight, from 0 to 1 in every picture.

    Args:
        weights: of each target word over the source words.
        source: label of each column.
        target: label of each row.
        gold: links (source word, target word) to outline.
        possible: links to outline with dashes, unless they are in `gold` too.

    Raises:
        ShapeError: the labels are not those of the weights, or there are none.
    """
    _check(weights, source, target)
    width = _CELL * len(source) + _LETTER * max(map(len, target)) + 1.2
    height = _CELL * len(target) + _LETTER * max(map(len, source)) + 0.6
    figure = Figure(figsize=(max(width, 3.0), max(height, 2.2)), dpi=120, layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(
        weights.detach().float().cpu().numpy(), cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=1), aspect="equal"
    )
    axes.xaxis.tick_top()
    for axis, words in ((axes.xaxis, source), (axes.yaxis, target)):
        label_words(axis, words, fontsize=9)
        axis.set_tick_params(length=0)
    for label in axes.get_xticklabels():
        label.set(rotation=60, ha="left", va="bottom", rotation_mode="anchor")
    axes.set_xticks([column - 0.5 for column in range(len(source) + 1)], minor=True)
    axes.set_yticks([row - 0.5 for row in range(len(target) + 1)], minor=True)
    axes.grid(which="minor", color="0.92", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    dashed = set(possible) - set(gold)
    for links, line in ((gold, "solid"), (dashed, "dashed")):
        for column, row in sorted(links):
            corner = (column - 0.5, row - 0.5)
            axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor="tab:orange", linewidth=1.6, linestyle=line))
    if gold or dashed:
        axes.set_xlabel(f"outlined: gold alignment{' (dashed: possible)' if dashed else ''}", fontsize=9)
    bar = figure.colorbar(
        image, ax=axes, ticks=[0, 0.05, 0.2, 0.5, 1], shrink=min(0.8, 3 / height), aspect=15, anchor=(0, 1)
    )
    bar.set_label("weight", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    return figure


def render_heatmap(weights: Weights, source: Sequence[str], target: Sequence[str], *, width: int) -> str:
    """The same as text: for each target word the source words it weighs most, then all weights as shades.

    Args:
        weights: of each target word over the source words.
        source: the source words; the text numbers them from 1.
        target: the target words.
        width: terminal cells in a line; wide sources continue in further blocks.

    Raises:
        ShapeError: the labels are not those of the weights, or there are none.
    """
    _check(weights, source, target)
    source, target = [printable(word) for word in source], [printable(word) for word in target]
    label_size = min(_LONGEST_LABEL, max(map(cell_len, target)))
    labels = [set_cell_size(word, label_size) for word in target]
    rows: list[list[float]] = weights.detach().float().cpu().tolist()
    ranked = [_cut(f"{label}  {_ranking(row, source)}", width) for label, row in zip(labels, rows, strict=True)]
    block = max(1, (width - label_size - 2) // _SHADE_SIZE)
    shaded: list[str] = []
    for start in range(0, len(source), block):
        columns = range(start, min(start + block, len(source)))
        header = "".join(f"{column + 1:{_SHADE_SIZE}d}" for column in columns)
        shaded += ["", f"{' ' * label_size}  {header}"]
        shaded += [
            f"{label}  {''.join(_SHADE_SIZE * _shade(row[column]) for column in columns)}".rstrip()
            for label, row in zip(labels, rows, strict=True)
        ]
    return "\n".join([*ranked, *shaded])


def _ranking(row: Sequence[float], source: Sequence[str]) -> str:
    """Source words by weight, as `3:man 0.93`; those that round to nothing are left out."""
    order = sorted(range(len(row)), key=lambda column: -row[column])
    return "  ".join(f"{column + 1}:{source[column]} {row[column]:.2f}" for column in order if row[column] >= 0.005)


def _cut(line: str, width: int) -> str:
    return line if cell_len(line) <= width else set_cell_size(line, width - 1) + "…"


def _shade(weight: float) -> str:
    return SHADES[round(min(max(weight, 0.0), 1.0) ** 0.5 * (len(SHADES) - 1))]


def _check(weights: Weights, source: Sequence[str], target: Sequence[str]) -> None:
    if weights.shape != (len(target), len(source)) or not weights.numel():
        raise ShapeError(
            f"A heat map needs one label for each of its rows and columns and at least one of both, but weights of "
            f"{tuple(weights.shape)} came with {len(target)} target and {len(source)} source words: count EOS alike."
        )
