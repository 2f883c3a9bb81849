"""Which finished runs a folder holds, and what is known of each."""

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import yaml

from attnlab.errors import RunError
from attnlab.experiment.layout import COMPOSED_FILE, CONFIG_FILE, METRICS_FILE
from attnlab.experiment.results import Results, read_results
from attnlab.study.settings import following_keys, setting

_LOADER: Final = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader  # tens of times as fast in C
_NEEDED: Final = ("model", "data.length.buckets", "trainer", "optimizer")
"""Parts that every configuration has; of one that was cut off some are missing."""
_TYPES: Final[Mapping[type, str]] = {str: "text", int: "a whole number", bool: "true or false"}


@dataclass(frozen=True)
class Environment:
    """On what a run was made; None where its machine could not tell."""

    commit: str | None
    dirty: bool
    cpu: str
    cpu_count: int | None
    accelerator: str | None
    threads: int
    precision: str


@dataclass(frozen=True)
class Record:
    """One finished run.

    Attributes:
        folder: of the run, as it was found.
        model: name of the model.
        data: name of the corpus.
        seed: of the run.
        metrics: `<stage>/<metric>[/<bucket>]` -> figure; NaN for one that was not finite.
        signatures: sacreBLEU's signature of each text score.
        environment: on what it was made.
        config: every value as it was used.
        following: dotted keys of the configuration that choose nothing; None where nobody has written it down.
        added: dotted keys that the command line added to the configuration, `+optimizer.betas=[0.8,0.9]`, or deleted,
            `~callbacks.averaging`; those that an experiment or a sweep file adds are not known to be so.
        finished: when its figures were written, in seconds as the file system counts them.
    """

    folder: Path
    model: str
    data: str
    seed: int
    metrics: Mapping[str, float]
    signatures: Mapping[str, str]
    environment: Environment
    config: Mapping[str, Any]
    following: frozenset[str] | None
    added: frozenset[str]
    finished: float

    @property
    def buckets(self) -> tuple[str, ...]:
        """Names of the buckets of source length, from short to long."""
        return tuple(setting(self.config, "data.length.buckets") or ())

    def known(self, metric: str) -> float | None:
        """A figure; None where the run has none or one that is not finite."""
        value = self.metrics.get(metric, math.nan)
        return value if math.isfinite(value) else None


@dataclass(frozen=True)
class Found:
    """What a search has found.

    Attributes:
        records: the finished runs, in the order of their folders.
        unfinished: folders of runs that have begun and left no results.
        set_aside: folders of results that are not those of a training: evaluations and probes.
    """

    records: tuple[Record, ...]
    unfinished: tuple[Path, ...]
    set_aside: tuple[Path, ...]


def find_records(folders: Sequence[Path]) -> Found:
    """All runs in some folders and below them; one that is found twice counts once.

    A folder with a configuration is a run, and what lies below it is its own.

    Raises:
        RunError: a folder does not exist, none holds a finished run, or results cannot be read.
    """
    seen: set[Path] = set()
    records, unfinished, set_aside = [], [], []
    for folder in folders:
        if not folder.is_dir():
            raise RunError(
                f"runs names folders of runs, but {folder} {'is a file' if folder.exists() else 'does not exist'}: "
                "name the folder of a run or of a sweep."
            )
        for path, files in _candidates(folder):
            if path.resolve() in seen:
                continue
            seen.add(path.resolve())
            if METRICS_FILE not in files:
                unfinished.append(path)
            elif "run" in (results := read_results(path)).run:  # made from another run
                set_aside.append(path)
            else:
                records.append(_record(path, results))
    if not records:
        where = " and ".join(str(folder) for folder in folders)
        kinds = {"unfinished": unfinished, "of evaluations or probes": set_aside}
        others = ", ".join(f"{len(paths)} {kind}" for kind, paths in kinds.items() if paths)
        raise RunError(
            f"a comparison needs finished runs, but {where} holds none{f' ({others})' if others else ''}: train some, "
            "or name another folder with runs=FOLDER."
        )
    return Found(tuple(records), tuple(unfinished), tuple(set_aside))


def _candidates(folder: Path) -> Iterator[tuple[Path, set[str]]]:
    """Folders that belong to a run, with the names of their files; hidden folders are Hydra's and others' own."""

    def refuse(error: OSError) -> NoReturn:
        raise error

    for name, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [] if CONFIG_FILE in files else sorted(each for each in folders if not each.startswith("."))
        if CONFIG_FILE in files or METRICS_FILE in files:
            yield Path(name), set(files)


def _record(folder: Path, results: Results) -> Record:
    path = folder / METRICS_FILE
    git = results.environment.get("git", None)
    state = {} if git is None else _value(results.environment, "git", dict, path)
    config = _read_config(folder / CONFIG_FILE)
    if not all(isinstance(setting(config, key), dict) for key in _NEEDED):
        raise _no_config(folder / CONFIG_FILE)
    composed = folder / COMPOSED_FILE
    typed = _typed(folder / ".hydra" / "overrides.yaml")
    return Record(
        folder=folder,
        model=_value(results.run, "model", str, path),
        data=_value(results.run, "data", str, path),
        seed=_value(results.run, "seed", int, path),
        metrics=results.metrics,
        signatures=results.signatures,
        environment=Environment(
            commit=_value(state, "commit", str, path) if state else None,
            dirty=_value(state, "dirty", bool, path) if state else False,
            cpu=_value(results.environment, "cpu", str, path),
            cpu_count=_known(results.environment, "cpu_count", int, path),
            accelerator=_known(results.environment, "accelerator", str, path),
            threads=_value(results.environment, "threads", int, path),
            precision=_value(results.environment, "precision", str, path),
        ),
        config=config,
        following=following_keys(_read_config(composed)) - _keys(typed, ".*=.*[$][{]") if composed.exists() else None,
        added=_keys(typed, "[+~]"),
        finished=path.stat().st_mtime,
    )


def _typed(overrides: Path) -> list[str]:
    if not overrides.is_file():
        return []
    try:
        typed = yaml.load(overrides.read_text(encoding="utf-8"), Loader=_LOADER) or []
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise RunError(
            f"{overrides} holds what was typed, but it cannot be read: restore it, or leave the run out."
        ) from error
    return [str(each) for each in typed]


def _keys(typed: Sequence[str], pattern: str) -> frozenset[str]:
    """Dotted keys of the overrides that begin like a pattern."""
    return frozenset(each.lstrip("+~").partition("=")[0] for each in typed if re.match(pattern, each))


def _known(values: Mapping[str, Any], name: str, kind: type, path: Path) -> Any:
    return None if name not in values or values[name] is None else _value(values, name, kind, path)


def _value(values: Mapping[str, Any], name: str, kind: type, path: Path) -> Any:
    """A value of the type that `attnlab` writes."""
    value = values.get(name, None)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        wanted = _TYPES.get(kind, "an object")
        raise RunError(
            f"{path} gives {name} as {wanted}, but there it is {value!r}: mend it, or train the run again with "
            "train.py."
        )
    return value


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except OSError as error:
        raise RunError(
            f"a run has a file {path}, but it cannot be read ({error.strerror}): restore it, or leave the run out."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _no_config(path) from error
    if not isinstance(config, dict):
        raise _no_config(path)
    return config


def _no_config(path: Path) -> RunError:
    return RunError(f"{path} is no configuration of a run: restore it, or leave the run out.")
