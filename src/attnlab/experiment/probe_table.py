"""How the figures of a probe are called, and how they are shown on the terminal."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from rich import box
from rich.table import Table

from attnlab.evaluation.by_length import OVERALL, metric_name
from attnlab.evaluation.probe import offset_names

TRAINED, UNTRAINED = "trained", "random weights"
EQUAL = "every word alike"
OWN_WORD, MAJORITY = "guess from own word", "most frequent word"
KEYS: Final = {TRAINED: "trained", UNTRAINED: "untrained", EQUAL: "equal", OWN_WORD: "own_word", MAJORITY: "majority"}
"""Label of a curve -> its part of the names of metrics."""

_COLUMNS: Final = {
    "gradient_share": {"gradient\ntrained": TRAINED, "gradient\nrandom": UNTRAINED, "all\nalike": EQUAL},
    "readout_accuracy": {
        "read-out\ntrained": TRAINED,
        "read-out\nrandom": UNTRAINED,
        "by own\nword": OWN_WORD,
        "most\nfrequent": MAJORITY,
    },
}
"""Metric -> heading of each of its columns -> label."""


def table_by_offset(metrics: Mapping[str, float], *, stage: str, reach: int, title: str) -> Table:
    """Gradient shares and accuracies of the read-out at each offset, in per cent, with 95 % intervals of models."""
    table = _table(f"{title}, in per cent", "word\nat")
    for offset in offset_names(reach, beyond=True):
        table.add_row(offset, *_row(metrics, stage, offset, OVERALL))
    return table


def table_by_bucket(metrics: Mapping[str, float], *, stage: str, names: Sequence[str]) -> Table:
    """The same for the state's own word, by source length; the bucket `OVERALL` is all sentences."""
    table = _table("the state's own word, by source length, in per cent", "length\n")
    for name in names:
        table.add_row(name, *_row(metrics, stage, "0", name))
    return table


def _table(title: str, first: str) -> Table:
    table = Table(title=title, box=box.SIMPLE, pad_edge=False, collapse_padding=True)  # narrow enough for 80 columns
    table.add_column(first)
    for columns in _COLUMNS.values():
        for heading in columns:
            table.add_column(heading, justify="right", no_wrap=True)
    return table


def _row(metrics: Mapping[str, float], stage: str, offset: str, bucket: str) -> list[str]:
    cells = []
    for metric, columns in _COLUMNS.items():
        for label in columns.values():
            value, half_width = (
                metrics.get(metric_name(stage, f"{metric}{suffix}/{KEYS[label]}/{offset}", bucket))
                for suffix in ("", "_half_width")
            )
            cells.append(_shown(value, half_width if label in (TRAINED, UNTRAINED) else None))
    return cells


def _shown(value: float | None, half_width: float | None) -> str:
    if value is None or math.isnan(value):
        return "–"
    text = f"{100 * value:.1f}"
    return text if half_width is None or math.isnan(half_width) else f"{text} ±{100 * half_width:.1f}"
