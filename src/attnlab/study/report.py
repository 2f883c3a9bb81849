"""Which files a comparison leaves in its folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attnlab.experiment.results import write_whole
from attnlab.study.provenance import budget, relative_path
from attnlab.study.rows import Row
from attnlab.study.settings import setting_text
from attnlab.study.table import Comparison, csv_text, markdown_text, to_csv, to_markdown

MARKDOWN_FILE: Final = "table.md"
TABLE_FILE: Final = "table.csv"
RUNS_FILE: Final = "runs.csv"
PAGE_FILE: Final = "index.html"


@dataclass(frozen=True)
class Said:
    """What a report says beside its figures.

    Attributes:
        title: of the report.
        subtitle: what was compared.
        readings: of the table, a sentence each.
        statement: what all of it rests on, a line each.
    """

    title: str
    subtitle: str
    readings: Sequence[str]
    statement: Sequence[str]


def write_tables(folder: Path, comparison: Comparison, said: Said) -> None:
    """Leaves the table as Markdown with what is said of it, the same as CSV, and all figures of every run as CSV.

    Raises:
        RunError: the folder cannot be written to.
    """
    lists = ("".join(f"- {markdown_text(line)}\n" for line in lines) for lines in (said.readings, said.statement))
    write_whole(folder / MARKDOWN_FILE, "\n".join([to_markdown(comparison), *filter(None, lists)]))
    write_whole(folder / TABLE_FILE, to_csv(comparison))
    write_whole(folder / RUNS_FILE, runs_csv(comparison.rows))


def runs_csv(rows: Sequence[Row]) -> str:
    """One line for each run: what it was, on what it was made, and every figure; an empty field where unknown."""
    settings = list(dict.fromkeys(key for row in rows for key in row.settings))
    metrics = list(dict.fromkeys(metric for row in rows for record in row.records for metric in record.metrics))
    about = ["row", "model", "data", "seed", "folder", "commit", "dirty", "cpu", "cpu_count", "accelerator", "threads"]
    lines: list[list[str | int | float | None]] = [[*about, "precision", "budget", *settings, *metrics]]
    for row in rows:
        for record in row.records:
            state = record.environment
            lines.append(
                [
                    row.name,
                    record.model,
                    record.data,
                    record.seed,
                    relative_path(record.folder),
                    state.commit,
                    None if state.commit is None else str(state.dirty).lower(),
                    state.cpu,
                    state.cpu_count,
                    state.accelerator,
                    state.threads,
                    state.precision,
                    budget(record),
                    *(setting_text(key, row.settings[key]) if key in row.settings else None for key in settings),
                    *(record.known(metric) for metric in metrics),
                ]
            )
    return csv_text(lines)
