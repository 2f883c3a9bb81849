"""What a table rests on, in one line for each fact, from the records: code, machine, data, seeds and budget."""

import os
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from attnlab.evaluation.intervals import CONFIDENCE
from attnlab.study.records import Record
from attnlab.study.rows import Row, unnamed_differences
from attnlab.study.settings import ABSENT, TRAINED_LENGTH, labels, setting, setting_text

TOKENS_READ: Final = "train/tokens"
"""Metric of the target tokens that a run has read in training."""
_UNKNOWN: Final = "unknown"
_MOST: Final = 6
"""Rows that are named one by one where they differ from others."""


class Line(NamedTuple):
    """One fact; where rows differ in it, the text says so and names them: `budgets differ: ...`."""

    text: str
    differs: bool = False


def statement(rows: Sequence[Row], *, command: str, unfinished: Sequence[Path]) -> list[Line]:
    """The lines below a table.

    Args:
        rows: of the table.
        command: that made it.
        unfinished: folders of runs that are missing in it.
    """
    records = [record for row in rows for record in row.records]
    lines = [Line(_intervals(rows)), Line(f"command: {command}")]
    facts: dict[tuple[str, str], Callable[[Record], str]] = {
        ("commit", "commits"): commit,
        ("hardware", "machines"): hardware,
        ("threads", "numbers of threads"): lambda record: str(record.environment.threads),
        ("precision", "precisions"): lambda record: record.environment.precision,
        ("data", "data"): data,
    }
    for (one, many), fact in facts.items():
        lines.append(_told(one, many, rows, [[fact(record) for record in row.records] for row in rows]))
    budgets = [[budget(record, named=row.settings) for record in row.records] for row in rows]
    lines.append(_told("training budget of each run", "budgets", rows, budgets))
    lines += _tokens_read(rows)
    if len(validated(rows)) > 1:
        counts = [[record.known("val/sentences") for record in row.records] for row in rows]
        texts = [[None if count is None else f"{count:,.0f}" for count in own] for own in counts]
        lines.append(_told("validation sentences", "validation sentences", rows, texts))
    lines.append(_told("seeds", "seeds", rows, [[", ".join(map(str, row.seeds))] * len(row.seeds) for row in rows]))
    unnamed = unnamed_differences(rows)
    for key, label in labels(list(unnamed)).items():
        values = [[None if value is ABSENT else setting_text(key, value) for value in own] for own in unnamed[key]]
        lines.append(_told(label, f"settings of {label}", rows, values))
    lines.append(Line("tuning: rows differ in nothing but what their names and the lines above tell"))
    lines += [Line(f"sacreBLEU signature of {name}: {text}") for name, text in records[0].signatures.items()]
    if unfinished:
        names = ", ".join(map(relative_path, unfinished))
        lines.append(
            Line(f"without results (pruned, failed or not finished) and left out ({len(unfinished)}): {names}")
        )
    return lines


def _tokens_read(rows: Sequence[Row]) -> list[Line]:
    """How many target tokens a run has read, as counted; nothing where no run knows it."""
    known = [(count, row) for row in rows for record in row.records if (count := record.known(TOKENS_READ)) is not None]
    if not known:
        return []
    (least, first), (most, last) = min(known, key=lambda each: each[0]), max(known, key=lambda each: each[0])
    if least == most:
        return [Line(f"target tokens read by each run: {most:,.0f}")]
    return [Line(f"target tokens read by a run differ: {least:,.0f} ({first.name}) to {most:,.0f} ({last.name})", True)]


def validated(rows: Sequence[Row]) -> set[float]:
    """On how many sentences runs were validated; where there are several numbers, their curves are not comparable."""
    counts = (record.known("val/sentences") for row in rows for record in row.records)
    return {count for count in counts if count is not None}


def commit(record: Record) -> str:
    """The state of the code."""
    state = record.environment
    if state.commit is None:
        return _UNKNOWN
    return f"{state.commit[:7]}{' with uncommitted changes' if state.dirty else ''}"


def hardware(record: Record) -> str:
    """The processor, and the accelerator where there is one."""
    state = record.environment
    cores = "" if state.cpu_count is None else f", {state.cpu_count} cores"
    return f"{'' if state.accelerator is None else f'{state.accelerator}, '}{state.cpu or _UNKNOWN}{cores}"


def data(record: Record) -> str:
    """The corpus and how much of it the test was."""
    count = record.known("test/sentences")
    return record.data if count is None else f"{record.data}, {count:,.0f} test sentences"


def budget(record: Record, *, named: Container[str] = ()) -> str:
    """How much a run was allowed to read: pairs x epochs, as configured.

    `up to` where selection may have left fewer pairs, or early stopping may have come first. Settings that the name of
    its row tells, `named`, are not told again.
    """
    steps = setting(record.config, "trainer.max_steps")
    share = setting(record.config, "trainer.limit_train_batches")
    text = f"{_pairs(record.config, named)} x {_epochs(record.config)}"
    if isinstance(share, int):  # Lightning: 1 is one batch, 1.0 are all
        text += f", {share:,} batches an epoch"
    elif isinstance(share, float) and share != 1.0:
        text += f", {share:.0%} of the batches"
    return f"{text}, at most {steps:,} steps" if isinstance(steps, int) and steps >= 0 else text


def _pairs(config: Mapping[str, Any], named: Container[str]) -> str:
    size = setting(config, "data.train_size")
    chosen = [setting(config, key) for key in ("data.sample.train.size", "data.limit.train")]
    numbers = [number for number in (size, *chosen) if isinstance(number, int)]
    joined = setting(config, "data.join")
    if isinstance(joined, Mapping):
        joined = joined.get("train", 1)
    length = setting(config, TRAINED_LENGTH)
    shares = setting(config, "data.sample.train.shares")
    whole = joined in (None, 1) and length is None and shares is None
    if not numbers:
        text = "all pairs" if whole else "selected pairs"
    else:
        text = f"{'' if whole and size is not None else 'up to '}{min(numbers):,} pairs"
    if joined not in (None, 1):
        text += f" (each of {joined} joined)"
    if length is None or TRAINED_LENGTH in named:
        return text
    return f"{text} with sources of {setting_text('length', length)} words"


def _epochs(config: Mapping[str, Any]) -> str:
    epochs = setting(config, "trainer.max_epochs")
    if not isinstance(epochs, int) or epochs < 0:
        return "as many epochs as there is time"
    patience = setting(config, "callbacks.early_stopping.patience")
    early = isinstance(patience, int) and patience < epochs
    return f"{'up to ' if early else ''}{epochs:,} epoch{'' if epochs == 1 else 's'}"


def relative_path(path: Path) -> str:
    """From the working directory: a path that means the same on every machine that has the repository."""
    return Path(os.path.relpath(path)).as_posix()


def _intervals(rows: Sequence[Row]) -> str:
    counts = [len(row.records) for row in rows]
    if max(counts) == 1:
        return "figures of one seed, so without intervals"
    text = f"mean over seeds ± half of its {CONFIDENCE:.0%} interval (Student's t)"
    return f"{text}; one seed has none" if min(counts) == 1 else text


def _told(one: str, many: str, rows: Sequence[Row], values: Sequence[Sequence[str | None]]) -> Line:
    """`commit: a`, or `commits differ: a (luong_dot; no_attention seed 1), b (no_attention seeds 2, 3)`.

    Args:
        one: what a single value is called.
        many: what several are.
        rows: of the table.
        values: for each row that of each of its runs, None for a run without one.
    """
    holders: dict[str, list[str]] = {}
    for row, own in zip(rows, values, strict=True):
        known = dict.fromkeys(value for value in own if value is not None)
        for value in known:
            seeds = [str(seed) for seed, each in zip(row.seeds, own, strict=True) if each == value]
            all_of_it = len(known) == 1
            who = row.name if all_of_it else f"{row.name} seed{'s' * (len(seeds) > 1)} {', '.join(seeds)}"
            holders.setdefault(value, []).append(who)
    if len(holders) == 1:
        return Line(f"{one}: {next(iter(holders))}")
    told = ", ".join(
        f"{value} ({'; '.join(who) if len(who) <= _MOST else f'{len(who)} rows'})" for value, who in holders.items()
    )
    return Line(f"{many} differ: {told}", differs=True)
