"""What a larger hidden state changes: BLEU, losses and the gap between them against size, a line for each model."""

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from attnlab.evaluation.intervals import Estimate, estimate_known
from attnlab.study.columns import Column
from attnlab.study.records import Record
from attnlab.study.rows import Row
from attnlab.study.settings import setting
from attnlab.study.styles import bleu_axis, draw_line, finish, styles_of

SIZE: Final = "model.hidden_size"
Lines = dict[str, dict[int, Row]]
"""Model, and settings other than the size -> size -> row."""


def lines_over_sizes(rows: Sequence[Row]) -> Lines:
    """The rows that differ in nothing but the hidden size, where there are at least two sizes."""
    lines: Lines = {}
    for row in rows:
        size: Any = setting(row.records[0].config, SIZE)
        if isinstance(size, int):
            sizes = [key for key, value in row.settings.items() if key.endswith("hidden_size") and value == size]
            name = row.name_without(*sizes)
            lines.setdefault(name, {})[size] = row
    return {name: dict(sorted(line.items())) for name, line in sorted(lines.items()) if len(line) > 1}


def training_loss(row: Row) -> Estimate | None:
    """Nats per target token over the last epoch of training, or the loss that was minimised where that is unknown."""
    return estimate_known(_trained(record) for record in row.records)


def generalisation_gap(row: Row) -> Estimate | None:
    """Validation loss minus training loss, both of the last epoch, mean over seeds."""
    gaps = []
    for record in row.records:
        training, validation = _trained(record), record.known("val/loss")
        gaps.append(None if training is None or validation is None else validation - training)
    return estimate_known(gaps)


def _trained(record: Record) -> float | None:
    found = record.known("train/nll")
    return record.known("train/loss") if found is None else found


_LOSSES: Final[Mapping[str, Callable[[Row], Estimate | None]]] = {
    "training loss": training_loss,
    "validation loss": lambda row: row.estimate("val/loss"),
    "validation minus training loss": generalisation_gap,
}


def draw_sizes(lines: Lines) -> Figure:
    """Two rows of panels: BLEU overall, on the shortest and the longest sources; training, validation loss and gap."""
    styles = styles_of(list(lines))
    some = next(iter(next(iter(lines.values())).values()))
    buckets = some.records[0].buckets
    metrics = ["test/bleu", *(f"test/bleu/{bucket}" for bucket in dict.fromkeys((buckets[0], buckets[-1])))]
    figure = Figure(figsize=(10.0, 6.4), dpi=120, layout="constrained")
    panels = figure.subplots(2, 3, squeeze=False)
    for axes, metric in zip_longest(panels[0], metrics):
        found = {name: [row.estimate(metric) for row in line.values()] for name, line in lines.items() if metric}
        if not any(any(estimates) for estimates in found.values()):
            axes.set_visible(False)
            continue
        for name, estimates in found.items():
            draw_line(axes, _places(lines[name]), estimates, name, styles[name])
        axes.set_title(f"test {Column(metric).heading}", fontsize=10)
        bleu_axis(axes)
    for axes, (title, loss) in zip(panels[1], _LOSSES.items(), strict=True):
        for name, line in lines.items():
            draw_line(axes, _places(line), [loss(row) for row in line.values()], name, styles[name])
        axes.set_title(title, fontsize=10)
    panels[1][0].set_ylabel("nats a token")
    panels[1][2].axhline(0, color="0.4", linewidth=0.8)
    sizes = sorted({size for line in lines.values() for size in line})
    for axes in panels.flat:
        axes.set_xlim(sizes[0] / 1.3, sizes[-1] * 1.3)  # also where nothing is drawn
        axes.set_xscale("log", base=2)
        axes.set_xticks(sizes, [str(size) for size in sizes], fontsize=9)
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(axis="y", color="0.9")
    for axes in panels[1]:
        axes.set_xlabel("hidden size")
    finish(figure, [panels[0][0]], others=sum(not style.shown for style in styles.values()))
    return figure


def _places(line: Mapping[int, Row]) -> list[float]:
    return [float(size) for size in line]
