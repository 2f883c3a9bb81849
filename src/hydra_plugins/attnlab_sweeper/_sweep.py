"""A sweep from its command to its end: opens the study, works on it, and shows what came of it."""

import functools
import importlib.util
import logging
import os
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
from hydra.core.plugins import Plugins
from hydra.core.utils import configure_log
from hydra.types import HydraContext, RunMode, TaskFunction
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import StudyDirection

from attnlab.errors import ConfigError
from attnlab.experiment.locks import Presence, only_one
from attnlab.experiment.rehearsal import check_settings
from attnlab.experiment.storage import explained, open_storage, shown
from attnlab.experiment.trial import objective_names, study_name
from hydra_plugins.attnlab_sweeper._afterwards import show
from hydra_plugins.attnlab_sweeper._identity import check_identity
from hydra_plugins.attnlab_sweeper._queue import Queue
from hydra_plugins.attnlab_sweeper._space import Point, check_space, read_space
from hydra_plugins.attnlab_sweeper._worker import Worker

log = logging.getLogger(__name__)

SAMPLERS = ("hydra_plugins.hydra_optuna_sweeper.*", "optuna.samplers.*")
"""All that the configuration of a sampler may execute."""
_SAME_SEED = ("optuna.samplers.QMCSampler",)
"""Samplers that walk one sequence, which the seed chooses."""
_WORKERS_FOLDER = "workers"


def sweep(config: DictConfig, context: HydraContext, task: TaskFunction, arguments: list[str]) -> None:
    """Works on a study until all its trials are finished, and shows them.

    Raises:
        ConfigError: the sweep cannot be meant, or its study is another one's.
        RunError: too many trials failed.
        KeyboardInterrupt: the user ended it; running trials are back in the queue.
    """
    configure_log(config.hydra.hydra_logging, config.hydra.verbose, execution_whitelist=context.execution_whitelist)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    settings = config.hydra.sweeper
    check_sampler(settings.sampler)
    folder, url = Path(str(config.hydra.sweep.dir)), settings.storage
    name = study_name(config.hydra)
    if settings.workers < 1:
        raise ConfigError(f"hydra.sweeper.workers run trials side by side, but there are {settings.workers}: use 1.")
    if not 0 < settings.heartbeat < settings.grace_period:
        raise ConfigError(
            "a trial counts as dead after some signs of life have not come, but hydra.sweeper.heartbeat is "
            f"{settings.heartbeat} and grace_period {settings.grace_period}: make heartbeat several times shorter."
        )
    space = read_space(settings.params or {}, arguments)
    grid = settings.sampler._target_ == "optuna.samplers.GridSampler"
    points = asked_trials(settings.n_trials, space.grid() if grid else None)
    base = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    check_settings(base)
    directions = _directions(settings, base)
    check_space(space, context.config_loader, config)
    folder.mkdir(parents=True, exist_ok=True)
    with explained(url), only_one(folder, url):
        storage = open_storage(url, folder)
        study = optuna.create_study(study_name=name, storage=storage, directions=directions, load_if_exists=True)
        usual = functools.partial(
            context.config_loader.load_configuration, config.hydra.job.config_name, [], RunMode.RUN
        )
        check_identity(study, space, directions, base, folder, usual)
    worker_name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    presence = Presence(folder / _WORKERS_FOLDER / worker_name)
    queue = Queue(
        study=study,
        storage=storage,
        sampler=functools.partial(make_sampler, settings.sampler, grid=grid),
        varied=space.varied,
        lock=functools.partial(only_one, folder, url),
        worker=worker_name,
        presences=folder / _WORKERS_FOLDER,
        grace_period=settings.grace_period,
    )
    queue.fill(points, retry_failed=settings.retry_failed)
    log.info("sweep %s: %d trials, study in %s", name, len(queue.trials()), shown(url) if url else folder)
    if str(config.hydra.launcher._target_).endswith(".BasicLauncher"):
        importlib.import_module("attnlab.experiment.train")  # once, instead of in the process of each trial
    launcher = Plugins.instance().instantiate_launcher(config=config, hydra_context=context, task_function=task)
    with explained(url):
        try:
            Worker(queue, launcher, space, settings, folder, len(directions)).work()
        finally:
            presence.end()
            show(study, folder, space, context.config_loader, config)


def _directions(settings: DictConfig, base: DictConfig) -> list[StudyDirection]:
    objectives = objective_names(base)
    given = settings.direction
    names = [str(each).upper() for each in (given if OmegaConf.is_list(given) else [given])]
    wrong = [each for each in names if each not in ("MINIMIZE", "MAXIMIZE")]
    if wrong:
        raise ConfigError(f"hydra.sweeper.direction is minimize or maximize, or a list of them, not {given}: mend it.")
    if len(names) != len(objectives):
        raise ConfigError(
            f"a sweep has a direction for each objective, but {len(names)} for {len(objectives)}: set objectives and "
            "hydra.sweeper.direction to lists of one length."
        )
    better = {"parameters": "MINIMIZE", "train/tokens_per_second": "MAXIMIZE"}
    for objective, name in zip(objectives, names, strict=True):
        wanted = better.get(objective, f"{base.monitor_mode}IMIZE".upper())
        if name != wanted:
            raise ConfigError(
                f"a sweep looks for the better values of {objective}, but hydra.sweeper.direction is {given}: set it "
                f"to {wanted.lower()}{' there' if len(names) > 1 else ''}."
            )
    if objectives != [f"best/{base.monitor}"] and settings.pruner._target_ != "optuna.pruners.NopPruner":
        raise ConfigError(
            f"a trial is pruned by monitor alone, but this sweep weighs {', '.join(objectives)}: set "
            "hydra/sweeper/pruner=none."
        )
    return [StudyDirection[each] for each in names]


def asked_trials(number: int | None, grid: Sequence[Point] | None) -> Sequence[Point] | int:
    """The first so many points of a grid, all without a number; the number of trials of a search.

    Raises:
        ConfigError: there is no number for a search, or none of trials.
    """
    if number is not None and number < 1:
        raise ConfigError(f"a sweep has trials, but hydra.sweeper.n_trials is {number}: set it to 1 or more.")
    if grid is not None:
        return grid[:number]
    if number is None:
        raise ConfigError("a search ends after n_trials trials, but there is no number: set hydra.sweeper.n_trials=20.")
    return number


def check_sampler(config: DictConfig) -> None:
    """Optuna looks for a sampler's package only when the second trial is proposed.

    Raises:
        ConfigError: it is not there.
    """
    if config._target_ == "optuna.samplers.CmaEsSampler" and importlib.util.find_spec("cmaes") is None:
        raise ConfigError("hydra/sweeper/sampler=cmaes needs a package that is not installed: pip install cmaes.")


def make_sampler(config: DictConfig, number: int, *, grid: bool) -> BaseSampler:
    """Proposes the parameters of one trial.

    The points of a grid are in the queue already. A search's sampler has a seed of its own for each trial: with one
    for all, workers that start together, and a command that goes on, would propose what another has proposed.
    """
    if grid:
        return RandomSampler()
    node: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    if node["seed"] is not None and node["_target_"] not in _SAME_SEED:
        node["seed"] += number
    sampler: BaseSampler = instantiate(node, _execution_whitelist_=SAMPLERS)
    return sampler
