"""The trial of a sweep that this process runs, if it runs one: where it reports, what it returns, how it is shown."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate, to_absolute_path
from lightning.fabric.utilities.rank_zero import _get_rank
from omegaconf import DictConfig
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from attnlab.errors import Interrupted
from attnlab.experiment.launch import in_sweep
from attnlab.experiment.layout import CONFIG_FILE
from attnlab.experiment.resume import held, is_run
from attnlab.experiment.storage import WORKER, explained, open_storage
from attnlab.training.pruning import Report

_OF_A_TRIAL = "ATTNLAB_TRIAL"
"""Set for the further processes of a distributed training, which Lightning starts without Hydra's multirun."""


@dataclass(frozen=True)
class RunningTrial:
    """A trial as its own process sees it.

    Attributes:
        number: of the trial.
    """

    number: int
    _trial: optuna.Trial
    _worker: str

    def report(self, step: int, value: float) -> bool:
        """Writes down how the trial does after a step; True if it should end.

        Raises:
            Interrupted: the worker was thought dead, or is, and the trial is another one's now or waits for one.
        """
        known = self._trial.storage.get_trial(self._trial._trial_id)
        if known.state is not TrialState.RUNNING or known.user_attrs[WORKER] != self._worker:
            raise Interrupted(f"trial {self.number} is no longer this process's: another worker goes on.", status=130)
        if len(self._trial.study.directions) > 1:
            return False  # there is no order in which one trial would be worse
        if step not in known.intermediate_values:  # a trial that goes on repeats what it had reported
            self._trial.report(value, step)
        return bool(self._trial.should_prune())


def join_sweep(config: DictConfig) -> None:
    """Makes a run that is a trial one of its sweep's group, and lets it go on from its last checkpoint."""
    if not in_sweep():
        return
    if "group" in config.logger and config.logger.group is None:
        config.logger.group = study_name(HydraConfig.get())
    folder = Path(config.paths.run)
    with held(folder, wait=True):  # by an earlier attempt, which ends at its next report
        pass
    if is_run(folder):
        config.resume = str(folder)
    else:
        (folder / CONFIG_FILE).unlink(missing_ok=True)  # of an attempt that was killed before it began


def build_reports(config: DictConfig) -> list[Report]:
    """What reports the progress of a trial, and is needed on all of its processes; none outside a sweep."""
    if _get_rank() and _OF_A_TRIAL in os.environ:
        return [Report(None, monitor=config.monitor)]
    trial = running_trial()
    if trial is None:
        os.environ.pop(_OF_A_TRIAL, None)  # of a trial that has ended here: processes started from now on are of none
        return []
    os.environ[_OF_A_TRIAL] = "1"
    return [Report(trial.report, monitor=config.monitor)]


def running_trial() -> RunningTrial | None:
    """The trial that Hydra's present job is; None outside a sweep, and on all processes of a trial but the first."""
    if not in_sweep():
        return None
    hydra = HydraConfig.get()
    settings = hydra.sweeper
    pruner = instantiate(settings.pruner, _execution_whitelist_=["optuna.pruners.*"])
    with explained(settings.storage):
        storage = open_storage(settings.storage, Path(to_absolute_path(hydra.sweep.dir)))
        # A sampler that does nothing: the parameters are chosen.
        study = optuna.load_study(study_name=study_name(hydra), storage=storage, sampler=RandomSampler(), pruner=pruner)
    known = study.get_trials(deepcopy=False)[hydra.job.num]
    return RunningTrial(known.number, optuna.Trial(study, known._trial_id), known.user_attrs[WORKER])


def study_name(hydra: Any) -> str:
    """Of the study that a sweep works on, and by which its trials find it."""
    return str(hydra.sweeper.study_name or Path(str(hydra.sweep.dir)).name)


def objective_names(config: DictConfig) -> list[str]:
    """The figures that a run returns to a sweep."""
    return [f"best/{config.monitor}"] if config.objectives is None else [str(name) for name in config.objectives]


def returned(config: DictConfig, metrics: Mapping[str, float]) -> float | tuple[float, ...]:
    """What a run returns, out of all its figures."""
    values = tuple(metrics[name] for name in objective_names(config))
    return values if len(values) > 1 else values[0]
