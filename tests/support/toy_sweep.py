"""Sweeps over trainings that take no time: they count, and keep what they have counted."""

import fcntl
import functools
import multiprocessing
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf
from optuna.samplers import RandomSampler
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial

from attnlab.experiment.locks import Presence, only_one
from attnlab.experiment.storage import open_storage
from attnlab.training.pruning import Pruned
from hydra_plugins.attnlab_sweeper._queue import Queue
from hydra_plugins.attnlab_sweeper._space import Space, read_space
from hydra_plugins.attnlab_sweeper._worker import Worker
from hydra_plugins.attnlab_sweeper.config import StudySweeperConf

STEPS = 5
GRID = {"seed": "1,2", "model": "a,b,c"}
SEARCH = {"lr": "interval(0.0, 1.0)"}


class ToyLauncher(Launcher):
    """Runs a trial: a line for each step, in a file that a later attempt goes on with.

    Args:
        folder: of the sweep.
        seconds: of one step.
        ends: how a trial ends that does not just return: "nan", "error", "pruned" or "killed", by its number.
    """

    def __init__(self, folder: Path, *, seconds: float, ends: Mapping[int, str]) -> None:
        self._folder = folder
        self._seconds = seconds
        self._ends = ends

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        pass

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        (overrides,), number = job_overrides, initial_job_idx
        run = self._folder / str(number)
        run.mkdir(exist_ok=True)
        with (run / "steps").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # two attempts at once would be an error
            file.seek(0)
            done = len(file.readlines())
            for step in range(done, STEPS):
                time.sleep(self._seconds)
                os.write(file.fileno(), f"{step} {' '.join(overrides)}\n".encode())
        match self._ends.get(number):
            case "error":
                return [JobReturn(status=JobStatus.FAILED, _return_value=RuntimeError("out of memory\nand more"))]
            case "pruned":
                return [JobReturn(status=JobStatus.FAILED, _return_value=Pruned("others did better"))]
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "nan":
                return [JobReturn(status=JobStatus.COMPLETED, _return_value=float("nan"))]
        return [JobReturn(status=JobStatus.COMPLETED, _return_value=float(number))]


def toy_queue(
    folder: Path, worker: str, params: Mapping[str, str], url: str | None = None, grace_period: float = 0.2
) -> Queue:
    """A queue that nobody has filled."""
    space = read_space(params, [])
    lock = functools.partial(only_one, folder, url)
    with lock():
        storage = open_storage(url, folder)
        study = optuna.create_study(study_name="toy", storage=storage, direction="maximize", load_if_exists=True)
    presences = folder / "workers"
    return Queue(study, storage, RandomSampler, space.varied, lock, worker, presences, grace_period)


def work(
    folder: Path,
    *,
    params: Mapping[str, str] = GRID,
    number: int | None = None,
    seconds: float = 0.0,
    ends: Mapping[int, str] | None = None,
    url: str | None = None,
    **settings: Any,
) -> None:
    """One worker, in this process, to the end of the sweep.

    Args:
        folder: of the sweep.
        params: what is varied.
        number: of trials of a search; None for a grid.
        seconds: of a step; a trial has `STEPS`.
        ends: as `ToyLauncher`.
        url: of the storage.
        settings: `hydra.sweeper`.
    """
    name = f"{os.getpid()}-{time.monotonic_ns()}"
    presence = Presence(folder / "workers" / name)
    config = OmegaConf.merge(OmegaConf.structured(StudySweeperConf), dict(settings, storage=url))
    assert isinstance(config, DictConfig)
    queue, space = toy_queue(folder, name, params, url, config.grace_period), space_of(params)
    queue.fill(space.grid() if number is None else number, retry_failed=config.retry_failed)
    launcher = ToyLauncher(folder, seconds=seconds, ends=ends or {})
    try:
        Worker(queue, launcher, space, config, folder, 1).work()
    finally:
        presence.end()
        close(queue.storage)


def space_of(params: Mapping[str, str]) -> Space:
    return read_space(params, [])


def begin(folder: Path, **settings: Any) -> Any:
    """`work` in a process of its own."""
    process = multiprocessing.get_context("fork").Process(target=_heard, args=(folder,), kwargs=settings)
    process.start()
    return process


def _heard(folder: Path, **settings: Any) -> None:
    """A process that a shell starts in the background ignores SIGINT, and so would all that it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    work(folder, **settings)


def trials(folder: Path, url: str | None = None) -> list[FrozenTrial]:
    """What the storage holds."""
    storage = open_storage(url, folder)
    found = optuna.load_study(study_name="toy", storage=storage).trials
    close(storage)
    return found


def close(storage: BaseStorage) -> None:
    """Hangs up, as the end of a process does."""
    if isinstance(storage, RDBStorage):
        storage.remove_session()
        storage.engine.dispose()


def steps(folder: Path) -> list[list[str]]:
    """The steps that each trial's run has written, in the order of trials: a number and the overrides."""
    runs = sorted((path for path in folder.iterdir() if path.name.isdigit()), key=lambda path: int(path.name))
    return [(run / "steps").read_text("utf-8").splitlines() for run in runs]


def assert_each_once(folder: Path, params: Mapping[str, str], url: str | None = None) -> None:
    """Every point of the grid was counted to the end once, by steps that all belong to it."""
    space = space_of(params)
    points = space.grid()
    done = trials(folder, url)
    assert [trial.params for trial in done] == points
    assert [trial.value for trial in done] == list(range(len(points)))
    wanted = [[f"{step} {' '.join(space.overrides(point))}" for step in range(STEPS)] for point in points]
    assert steps(folder) == wanted
