"""The best trial as an `experiment`: a file that runs it again, without the sweep."""

import itertools
from collections.abc import Collection
from pathlib import Path
from typing import Any

import optuna
import yaml
from hydra.core.config_loader import ConfigLoader
from hydra.types import RunMode
from omegaconf import DictConfig

from attnlab.experiment.results import short_path, write_whole
from attnlab.experiment.trial import settings_of
from hydra_plugins.attnlab_sweeper._space import Space

_OWN = ("hydra", "sweeps", "experiment", "paths", "logger")
"""Groups whose choice is not the trial's, or that are there in its values."""


def write_best(study: optuna.Study, folder: Path, space: Space, loader: ConfigLoader, config: DictConfig) -> str:
    """Leaves experiment/best.yaml in the sweep's folder, and returns the arguments of train.py that use it.

    It holds the choices that are not the default ones, those within another choice, whose defaults may be other ones
    than those of the command, and every value that these choices leave otherwise. A file cannot delete; the arguments
    do.
    """
    best = study.best_trial
    trial = loader.load_sweep_config(config, space.overrides(best.params))
    name = config.hydra.job.config_name
    usual = loader.load_configuration(name, [], RunMode.RUN).hydra.runtime.choices
    chosen = {
        group: choice
        for group, choice in trial.hydra.runtime.choices.items()
        if group.partition("/")[0] not in _OWN and ("/" in group or usual.get(group) != choice)
    }
    plain = loader.load_configuration(name, [f"{group}={choice}" for group, choice in chosen.items()], RunMode.RUN)
    before, after = settings_of(plain), settings_of(trial)
    values: dict[str, Any] = {}
    for key in after:
        if key not in before or before[key] != after[key]:
            _put(values, key.split("."), after[key])
    deletions = [f"'~{key}'" for key in _gone(before, after)]
    use = " ".join([f"--config-dir {short_path(folder)} experiment=best", *deletions])
    head = f"# @package _global_\n# Trial {best.number} of sweep {study.study_name}, {best.value:.6g}: train.py {use}\n"
    defaults = {"defaults": [{f"override /{group}": choice} for group, choice in chosen.items()]} if chosen else {}
    write_whole(folder / "experiment" / "best.yaml", head + yaml.safe_dump({**defaults, **values}, sort_keys=False))
    return use


def _gone(before: Collection[str], after: Collection[str]) -> list[str]:
    """The topmost of each branch of keys that is there no more; where a value has taken its place, it is not gone."""
    kept = {branch for key in after for branch in _branches(key)}
    gone = [key for key in before if key not in kept and not any(branch in after for branch in _branches(key))]
    return list(dict.fromkeys(next(branch for branch in _branches(key) if branch not in kept) for key in gone))


def _branches(key: str) -> list[str]:
    """`a.b.c` -> `a`, `a.b`, `a.b.c`."""
    return list(itertools.accumulate(key.split("."), "{}.{}".format))


def _put(tree: dict[str, Any], path: list[str], value: object) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = value
