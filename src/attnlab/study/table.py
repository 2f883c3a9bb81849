"""One row for each model: means over seeds with their intervals, for the terminal, as Markdown and as CSV."""

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from attnlab.study.columns import Column
from attnlab.study.differences import Differences
from attnlab.study.rows import Row


@dataclass(frozen=True)
class Comparison:
    """Rows in the order in which they are shown, and the figures that are shown of each.

    Attributes:
        rows: of the table.
        columns: of the table.
        differences: in BLEU from a baseline, shown after the first of the figures; None where they are not known.
    """

    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    differences: Differences | None = None

    @property
    def headings(self) -> list[str]:
        """Of all columns."""
        found = ["model", "seeds", *(column.heading for column in self.columns)]
        return (
            found if self.differences is None else [*found[:3], f"BLEU vs {self.differences.baseline.name}", *found[3:]]
        )

    def cells(self, row: Row) -> list[str]:
        """One text for each heading."""
        runs = len(row.records)
        figures = (column.text(row.estimate(column.metric), runs=runs) for column in self.columns)
        found = [row.name, str(runs), *figures]
        return found if self.differences is None else [*found[:3], self.differences.text(row.name), *found[3:]]

    def values(self, row: Row) -> list[str | int | float]:
        """What each of them is sorted by; an empty text where it is unknown."""
        found = (row.estimate(column.metric) for column in self.columns)
        values = [row.name, len(row.records), *("" if each is None else each.mean for each in found)]
        if self.differences is None:
            return values
        tested = self.differences.overall.to_baseline.get(row.name)
        return [*values[:3], "" if tested is None else tested.difference.mean, *values[3:]]


def compare_rows(rows: Sequence[Row], columns: Sequence[Column], *, sort: str, descending: bool) -> Comparison:
    """The table, sorted by the mean of a metric; rows that do not know it come last, equal rows stay as they were."""

    def rank(row: Row) -> float:
        found = row.estimate(sort)
        return math.inf if found is None else -found.mean if descending else found.mean

    return Comparison(tuple(sorted(rows, key=rank)), tuple(columns))


def print_comparison(comparison: Comparison, console: Console, *, title: str) -> None:
    """Shows the table; on a terminal that is too narrow, with intervals below the means."""
    unlimited = console.options.update(max_width=10_000)
    for between_words in (" ", "\n"):
        table = Table(title=Text(title), box=box.SIMPLE, pad_edge=False, collapse_padding=True)
        for place, heading in enumerate(comparison.headings):
            text = Text(heading.replace(" ", between_words))
            table.add_column(text, justify="right" if place else "left", no_wrap=True)
        for row in comparison.rows:
            table.add_row(*(Text(cell.replace(" ", between_words)) for cell in comparison.cells(row)))
        table.width = Measurement.get(console, unlimited, table).maximum
        if not console.is_terminal or table.width <= console.width:  # what is piped has no width of its own
            break
    console.print(table, crop=False)


def to_markdown(comparison: Comparison) -> str:
    """A table as GitHub and others render it."""
    lines = [
        comparison.headings,
        [":--", *["--:"] * (len(comparison.headings) - 1)],
        *(comparison.cells(row) for row in comparison.rows),
    ]
    lines = [[markdown_text(cell) for cell in line] if place != 1 else line for place, line in enumerate(lines)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def markdown_text(text: str) -> str:
    """A text that Markdown shows as it is, on one line."""
    return re.sub(r"([\\`*|<>\[\]~])", r"\\\1", " ".join(text.split()))


def to_csv(comparison: Comparison) -> str:
    """The same table for programs: unrounded means, half widths of intervals, and how many runs know the figure."""
    parts = ("", " half_width", " runs")
    lines: list[list[str | int | float | None]] = [
        ["model", "seeds", *(f"{column.metric}{part}" for column in comparison.columns for part in parts)]
    ]
    differences = comparison.differences
    tested = {} if differences is None else differences.by_metric
    if differences is not None:
        heads = [f"{metric} vs {differences.baseline.name}" for metric in tested]
        lines[0] += [f"{head}{part}" for head in heads for part in ("", " low", " high", " corrected p")]
    for row in comparison.rows:
        line: list[str | int | float | None] = [row.name, len(row.records)]
        for column in comparison.columns:
            found = row.estimate(column.metric)
            line += [None, None, 0] if found is None else [found.mean, found.half_width, found.count]
        for each in tested.values():
            verdict = each.to_baseline.get(row.name)
            line += [None] * 4 if verdict is None else verdict.figures
        lines.append(line)
    return csv_text(lines)


def csv_text(lines: Sequence[Sequence[str | int | float | None]]) -> str:
    """Lines as CSV; None is an empty field."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(lines)
    return file.getvalue()
