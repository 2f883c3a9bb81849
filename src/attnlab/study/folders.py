"""Which folders a comparison reads, and where it leaves its report."""

from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

from omegaconf import DictConfig, ListConfig

from attnlab.errors import ConfigError


def folders_of(config: DictConfig) -> list[Path]:
    """The folders that `sweep` or `runs` names.

    Raises:
        ConfigError: not exactly one of them is given, there is no such sweep, or `runs` names no folder.
    """
    if (config.sweep is None) == (config.runs is None):
        given = "neither" if config.sweep is None else "both"
        raise ConfigError(
            f"a comparison reads one sweep or some runs, but {given} is given: write sweep=NAME, runs=FOLDER or "
            "runs=[FOLDER,FOLDER]."
        )
    if config.sweep is not None:
        return [_sweep(config.sweep, Path(str(config.paths.outputs)) / "sweeps")]
    names = list(config.runs) if isinstance(config.runs, ListConfig) else [config.runs]
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ConfigError(
            f"runs is a folder or a list of folders, but it is {config.runs!r}: write runs=FOLDER or "
            "runs=[FOLDER,FOLDER]."
        )
    return [Path(str(name)) for name in names]


def _sweep(name: object, sweeps: Path) -> Path:
    known = sorted(path.name for path in sweeps.iterdir() if path.is_dir()) if sweeps.is_dir() else []
    if str(name) in known:  # Hydra reads 2024 as a number
        return sweeps / str(name)
    close = get_close_matches(str(name), known, n=1)
    remedy = f"did you mean {close[0]}?" if close else "run it with python train.py -m sweeps=NAME, or name another."
    raise ConfigError(
        f"sweep names one of {sweeps} ({', '.join(known) or 'there is none'}), but it is {name}: {remedy}"
    )


def report_folder(config: DictConfig, folders: Sequence[Path]) -> Path:
    """`output`, or report/ in the one folder, or a new folder for the report on several."""
    if config.output is not None:
        return Path(str(config.output))
    if len(folders) == 1:
        return folders[0] / "report"
    return Path(str(config.paths.outputs)) / "reports" / datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
