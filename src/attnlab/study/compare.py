"""The command that puts finished runs side by side: from its configuration to the table and its files."""

import logging
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, ListConfig, OmegaConf
from rich.console import Console

from attnlab.errors import ConfigError
from attnlab.experiment.results import write_whole
from attnlab.study.baseline import find_baseline
from attnlab.study.columns import check_metric, choose_columns
from attnlab.study.differences import find_differences
from attnlab.study.figures import draw_figures, save_figures
from attnlab.study.folders import folders_of, report_folder
from attnlab.study.page import page
from attnlab.study.provenance import Line, relative_path, statement
from attnlab.study.reading import readings
from attnlab.study.records import Record, find_records
from attnlab.study.report import PAGE_FILE, Said, write_tables
from attnlab.study.rows import rows_of
from attnlab.study.same_test import check_same_test
from attnlab.study.sentences import Sentences, read_sentences
from attnlab.study.size_figure import lines_over_sizes
from attnlab.study.table import Comparison, compare_rows, print_comparison
from attnlab.study.trials import progress

log = logging.getLogger(__name__)


def compare(config: DictConfig) -> None:
    """Reads the runs, prints the table, and leaves the report."""
    if type(config.descending) is not bool:
        raise ConfigError(f"descending is true or false, not {config.descending!r}: choose one.")
    folders = folders_of(config)
    found = find_records(folders)
    if found.unfinished:
        names = ", ".join(map(relative_path, found.unfinished))
        log.warning("%d without results, left out: %s", len(found.unfinished), names)
    if found.set_aside:
        log.info("%d results of evaluations or probes, left out", len(found.set_aside))
    check_same_test(found.records)
    comparison = _comparison(config, found.records)
    baseline = find_baseline(comparison.rows, config.baseline)
    over_sizes = lines_over_sizes(comparison.rows)
    sentences = read_sentences([record for row in comparison.rows for record in row.records])
    untested = _untested(comparison, sentences)
    if isinstance(sentences, Sentences) and not untested:
        differences = find_differences(comparison.rows, sentences, baseline=baseline, lines=over_sizes)
        comparison = replace(comparison, differences=differences)
    used = {record.folder for row in comparison.rows for record in row.records}
    repeated = [relative_path(record.folder) for record in found.records if record.folder not in used]
    lines = [
        *statement(comparison.rows, command=_command(), unfinished=found.unfinished),
        *([Line(f"older runs of the same seed, left out: {', '.join(repeated)}", differs=True)] if repeated else []),
        *([] if comparison.differences is None else [Line(comparison.differences.explanation())]),
        *([Line(f"no row is tested against another: {untested}", differs=True)] if untested else []),
        *([Line(text, differs=True)] if (text := baseline.missing(comparison.rows)) else []),
        *(line for folder in folders for line in progress(folder)),
    ]
    said = Said(
        title=folders[0].resolve().name if len(folders) == 1 else f"{len(folders)} folders",
        subtitle=f"{len(used)} runs on the test split of {found.records[0].data}",
        readings=readings(comparison.rows, comparison.differences, over_sizes) or [f"Nothing is tested: {untested}."],
        statement=[line.text for line in lines],
    )
    _show(comparison, said, lines)
    report = report_folder(config, folders)
    write_tables(report, comparison, said)
    drawings = draw_figures(comparison.rows, sentences, always=baseline.rows)
    for drawing in drawings:
        if drawing.figure is None:
            log.info("%s left out: %s", drawing.title, drawing.text)
    save_figures(report, drawings)
    write_whole(report / PAGE_FILE, page(report, comparison, drawings, said))
    log.info("report: %s", relative_path(report / PAGE_FILE))


def _untested(comparison: Comparison, sentences: Sentences | str) -> str:
    """Why no row is tested against another; nothing where they are."""
    if isinstance(sentences, str):
        return sentences
    if len(comparison.rows) == 1:
        return "there is one row, name another run to compare it with"
    return "" if len(sentences.sources) > 1 else "they were tested on one sentence"


def _comparison(config: DictConfig, records: Sequence[Record]) -> Comparison:
    """The rows in the columns and the order that a user asks for."""
    if not OmegaConf.is_dict(config.groups):
        raise ConfigError("groups has lists of metrics by name, but there are none: leave it as it is.")
    known = list(dict.fromkeys(metric for record in records for metric in record.metrics))
    columns = choose_columns(
        _wanted(config.columns),
        {str(name): _texts(f"groups.{name}", metrics) for name, metrics in config.groups.items()},
        buckets=list(dict.fromkeys(bucket for record in records for bucket in record.buckets)),
        known=known,
    )
    check_metric("sort", str(config.sort), known)
    return compare_rows(rows_of(records), columns, sort=str(config.sort), descending=config.descending)


def _show(comparison: Comparison, said: Said, lines: Sequence[Line]) -> None:
    """The table and what is said of it on the terminal."""
    print_comparison(comparison, Console(), title=said.subtitle)
    for sentence in said.readings:
        print(f"- {sentence}")
    for line in lines:
        if line.differs:
            log.warning("%s", line.text)


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


def _command() -> str:
    """The command line, with absolute paths as they are seen from the working directory."""
    arguments = [_relative(argument) for argument in HydraConfig.get().overrides.task]
    return shlex.join(["python", "compare.py", *arguments])


def _relative(argument: str) -> str:
    key, equals, value = argument.partition("=")
    inner = value.removeprefix("[").removesuffix("]")
    parts = [relative_path(Path(part)) if part.startswith("/") else part for part in inner.split(",")]
    return f"{key}{equals}{value.replace(inner, ','.join(parts))}" if inner else argument
