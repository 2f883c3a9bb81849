"""The command that puts finished runs side by side: from its configuration to the table and its files."""

import logging
import shlex
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, ListConfig
from rich.console import Console

from attnlab.errors import ConfigError
from attnlab.study.columns import check_metric, choose_columns
from attnlab.study.provenance import relative_path, statement
from attnlab.study.records import find_records
from attnlab.study.report import write_report
from attnlab.study.rows import rows_of
from attnlab.study.same_test import check_same_test
from attnlab.study.table import compare_rows, print_comparison

log = logging.getLogger(__name__)


def compare(config: DictConfig) -> None:
    """Reads the runs, prints the table, and leaves the report."""
    if type(config.descending) is not bool:
        raise ConfigError(f"descending is true or false, not {config.descending!r}: choose one.")
    folders = _folders(config.runs)
    found = find_records(folders)
    if found.unfinished:
        names = ", ".join(map(relative_path, found.unfinished))
        log.warning("%d unfinished, left out: %s", len(found.unfinished), names)
    if found.set_aside:
        log.info("%d results of evaluations or probes, left out", len(found.set_aside))
    check_same_test(found.records)
    known = list(dict.fromkeys(metric for record in found.records for metric in record.metrics))
    columns = choose_columns(
        _wanted(config.columns),
        {str(name): _texts(f"groups.{name}", metrics) for name, metrics in config.groups.items()},
        buckets=list(dict.fromkeys(bucket for record in found.records for bucket in record.buckets)),
        known=known,
    )
    check_metric("sort", str(config.sort), known)
    comparison = compare_rows(rows_of(found.records), columns, sort=str(config.sort), descending=config.descending)
    title = f"{len(found.records)} runs on the test split of {found.records[0].data}"
    print_comparison(comparison, Console(), title=title)
    lines = statement(comparison.rows, command=_command(), unfinished=found.unfinished)
    for line in lines:
        if line.differs:
            log.warning("%s", line.text)
    report = _report_folder(config, folders)
    write_report(report, comparison, [line.text for line in lines])
    log.info("report: %s", relative_path(report))


def _folders(runs: object) -> list[Path]:
    """The folders that `runs` names.

    Raises:
        ConfigError: it names none.
    """
    names = list(runs) if isinstance(runs, ListConfig) else [runs]
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ConfigError(
            f"runs is a folder or a list of folders, but it is {runs!r}: write runs=FOLDER or runs=[FOLDER,FOLDER]."
        )
    return [Path(str(name)) for name in names]


def _wanted(columns: object) -> str | list[str]:
    return columns if isinstance(columns, str) else _texts("columns", columns)


def _texts(name: str, values: object) -> list[str]:
    """A list of metrics.

    Raises:
        ConfigError: it is none.
    """
    if not isinstance(values, ListConfig) or not values or not all(isinstance(value, str) for value in values):
        raise ConfigError(f"{name} is a list of metrics, but it is {values!r}: write {name}=[test/bleu,parameters].")
    return list(values)


def _report_folder(config: DictConfig, folders: Sequence[Path]) -> Path:
    if config.output is not None:
        return Path(str(config.output))
    if len(folders) == 1:
        return folders[0] / "report"
    return Path(config.paths.outputs) / "reports" / datetime.now().strftime("%Y-%m-%d_%H-%M-%S")


def _command() -> str:
    """The command line, with absolute paths as they are seen from the working directory."""
    arguments = [_relative(argument) for argument in HydraConfig.get().overrides.task]
    return shlex.join(["python", "compare.py", *arguments])


def _relative(argument: str) -> str:
    key, equals, value = argument.partition("=")
    inner = value.removeprefix("[").removesuffix("]")
    parts = [relative_path(Path(part)) if part.startswith("/") else part for part in inner.split(",")]
    return f"{key}{equals}{value.replace(inner, ','.join(parts))}" if inner else argument
