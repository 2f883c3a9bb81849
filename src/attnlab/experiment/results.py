"""What a scored run leaves in its folder, and how its figures are shown."""

import dataclasses
import importlib.metadata
import json
import math
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich import box
from rich.table import Table

from attnlab.errors import RunError
from attnlab.evaluation.by_length import TABLE_COLUMNS, table_by_length
from attnlab.evaluation.figures import figure_text
from attnlab.experiment.layout import METRICS_FILE, TRANSLATIONS_FILE
from attnlab.files import write_durably

_PACKAGES = ("attnlab", "torch", "lightning", "hydra-core", "datasets", "tokenizers", "sacrebleu", "optuna", "wandb")


@dataclass(frozen=True)
class Results:
    """The figures of one run, and what is needed to believe and repeat them.

    Attributes:
        metrics: `<stage>/<metric>[/<bucket>]` -> figure.
        signatures: sacreBLEU's signature of each text score.
        run: what was run: model, data, seed and so on, in plain containers.
        environment: on what it was run, as `environment` gives it.
    """

    metrics: dict[str, float]
    signatures: dict[str, str]
    run: dict[str, Any]
    environment: dict[str, Any]


@dataclass(frozen=True)
class Translation:
    """One scored sentence.

    Lengths are words before tokenisation, and `bucket` is None outside all of them. `gold` holds the sure links between
    source and reference in Pharaoh format; None where nobody knows them, and in files that were written before.
    """

    source: str
    reference: str
    hypothesis: str
    log_prob: float
    source_length: int
    reference_length: int
    hypothesis_length: int
    bucket: str | None
    gold: str | None = None


def short_path(path: Path) -> str:
    """Relative to the working directory, where the path lies below it: as a user types it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def write_whole(path: Path, text: str) -> Path:
    """Writes a file in one go: a reader sees the old text or the new, never half of it, even after a crash.

    Raises:
        RunError: the folder cannot be written to.
    """
    try:
        write_durably(path, text.encode())
    except OSError as error:
        raise RunError(
            f"Results must be written to {path}, but that failed ({error.strerror}): free or choose another folder."
        ) from error
    return path


def write_results(folder: Path, results: Results) -> Path:
    """Leaves `metrics.json`. A figure that is not finite becomes null, since JSON has no other word for it."""
    values = dataclasses.asdict(results)
    values["metrics"] = {name: value if math.isfinite(value) else None for name, value in results.metrics.items()}
    return write_whole(folder / METRICS_FILE, json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_results(folder: Path) -> Results:
    """What `write_results` left; null comes back as NaN.

    Raises:
        RunError: the file is missing, no JSON, or of another layout.
    """
    path = folder / METRICS_FILE
    try:
        values = json.loads(_read(path))
    except json.JSONDecodeError as error:
        raise _unreadable(path, f"is no JSON ({error})") from error
    for part in (field.name for field in dataclasses.fields(Results)):
        if not isinstance(values, dict) or not isinstance(values.get(part), dict):
            raise _unreadable(path, f"has no object {part!r}")
    metrics = {}
    for name, value in values["metrics"].items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise _unreadable(path, f"gives {name} as {value!r}, which is no number")
        metrics[name] = math.nan if value is None else float(value)
    return Results(metrics, values["signatures"], values["run"], values["environment"])


def write_translations(folder: Path, translations: Iterable[Translation]) -> Path:
    """Leaves `translations.jsonl`: one JSON object a line, in the order given."""
    lines = (json.dumps(dataclasses.asdict(translation), ensure_ascii=False) for translation in translations)
    return write_whole(folder / TRANSLATIONS_FILE, "".join(f"{line}\n" for line in lines))


def read_translations(folder: Path) -> list[Translation]:
    """What `write_translations` left.

    Raises:
        RunError: the file is missing, or a line is no translation; file and line are named.
    """
    path = folder / TRANSLATIONS_FILE
    # Not splitlines: text may hold other line separators (U+2028), which JSON leaves as they are.
    lines = _read(path).removesuffix("\n").split("\n")
    translations = []
    for number, line in enumerate(lines if lines != [""] else [], start=1):
        try:
            translations.append(_translation(json.loads(line)))
        except (json.JSONDecodeError, TypeError) as error:
            raise _unreadable(path, f"holds no translation on line {number} ({error})") from error
    return translations


def _translation(values: Any) -> Translation:
    found = Translation(**values)
    texts, counts = (found.source, found.reference, found.hypothesis), (found.source_length, found.reference_length)
    if not all(isinstance(text, str) for text in texts) or not all(type(count) is int for count in counts):
        raise TypeError("a sentence is no text, or its length no whole number")
    return found


def results_table(
    metrics: Mapping[str, float],
    *,
    stage: str,
    names: Sequence[str],
    title: str,
    columns: Mapping[str, str] = TABLE_COLUMNS,
) -> Table:
    """A table for the terminal: all sentences, then each of the buckets `names`; unknown figures are a dash."""
    headings, rows = table_by_length(metrics, stage=stage, names=names, columns=columns)
    table = Table(title=title, box=box.SIMPLE, pad_edge=False, collapse_padding=True)  # narrow enough for 80 columns
    table.add_column(headings[0])
    for heading in headings[1:]:
        table.add_column(heading, justify="right", min_width=max(map(len, heading.split())))
    for bucket, *figures in rows:
        cells = (_shown(metric, figure) for metric, figure in zip(columns, figures, strict=True))
        table.add_row(str(bucket), *cells)
    return table


def environment(*, precision: str, device: torch.device, folder: Path = Path(__file__).parent) -> dict[str, Any]:
    """Versions, hardware and code state, in plain containers.

    Args:
        precision: the precision the run really used.
        device: where the run's model was.
        folder: any folder of the repository whose state is recorded, that of the code unless told.
    """
    versions = {"python": platform.python_version()}
    versions |= {package: importlib.metadata.version(package) for package in _PACKAGES}
    return {
        "versions": versions,
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cpu_count": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "accelerator": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "precision": precision,
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "git": _git_state(folder),
    }


def _git_state(folder: Path) -> dict[str, Any] | None:
    """Commit, and whether files differ from it; None outside a repository or where git is absent."""
    commands = {"commit": ["rev-parse", "HEAD"], "changes": ["status", "--porcelain"]}
    said = {}
    for name, command in commands.items():
        try:
            arguments = ["git", "--no-optional-locks", *command]
            done = subprocess.run(arguments, check=False, cwd=folder, capture_output=True, text=True, timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode:
            return None
        said[name] = done.stdout.strip()
    return {"commit": said["commit"], "dirty": bool(said["changes"])}


def _cpu() -> str:
    """The processor's name: Linux keeps it in a file, and `platform` knows it elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _shown(metric: str, figure: str | float | None) -> str:
    if figure is None or isinstance(figure, str) or math.isnan(figure):
        return "–"
    return figure_text(metric, figure)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise RunError(
            f"A scored run has a file {path}, but it cannot be read ({error.strerror}): "
            "give the folder of a finished run, or score it with evaluate.py."
        ) from error
    except UnicodeDecodeError as error:
        raise _unreadable(path, "is no UTF-8 text") from error


def _unreadable(path: Path, reason: str) -> RunError:
    return RunError(f"Results are read as attnlab wrote them, but {path} {reason}: restore it, or train the run again.")
