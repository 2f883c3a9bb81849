"""The trial of a sweep that this process runs, if it runs one: where it reports, what it returns, how it is shown."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import optuna
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate, to_absolute_path
from lightning.fabric.utilities.rank_zero import _get_rank
from omegaconf import DictConfig, OmegaConf
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from attnlab.errors import Interrupted, RunError
from attnlab.experiment.launch import in_sweep
from attnlab.experiment.layout import CONFIG_FILE
from attnlab.experiment.resume import held, is_run
from attnlab.experiment.run_folder import read_config
from attnlab.experiment.storage import WORKER, explained, open_storage
from attnlab.training.pruning import Report

_ELSEWHERE: Final = (
    "hydra.",
    "paths.",
    "logger.",
    "callbacks.progress.",
    "data.num_workers.",
    "trainer.accelerator.",
)
"""What may differ from worker to worker: where things lie, who looks on, and the machine."""
_OF_A_TRIAL: Final = "ATTNLAB_TRIAL"
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
    """Makes a run that is a trial one of its sweep's group, and lets it go on from its last checkpoint.

    Raises:
        RunError: its folder holds a run with other settings: that of another study.
    """
    if not in_sweep():
        return
    if "group" in config.logger and config.logger.group is None:
        config.logger.group = study_name(HydraConfig.get())
    folder = Path(config.paths.run)
    with held(folder, wait=True):  # by an earlier attempt, which ends at its next report
        pass
    if is_run(folder):
        _check_own(folder, config)
        config.resume = str(folder)
    else:
        (folder / CONFIG_FILE).unlink(missing_ok=True)  # of an attempt that was killed before it began


def _check_own(folder: Path, config: DictConfig) -> None:
    own = settings_of(read_config(folder))
    for name, value in settings_of(config).items():
        known_later = value == "???" or "${hydra:" in str(value)  # when a run begins
        if name in own and not known_later and str(own[name]) != str(value):
            raise RunError(
                f"a trial goes on with the run in its folder, but {folder} holds one of another study, whose {name} is "
                f"{own[name]}, not {value}: move that folder, or begin this sweep in another with hydra.sweep.dir."
            )


def settings_of(config: DictConfig) -> dict[str, Any]:
    """Every value by its dotted name, references between them kept, without what may differ from worker to worker."""
    flat = _flat(OmegaConf.to_container(config, resolve=False))
    return {name: value for name, value in flat if not f"{name}.".startswith(_ELSEWHERE)}


def _flat(value: Any, prefix: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        return [pair for name, one in value.items() for pair in _flat(one, f"{prefix}.{name}" if prefix else str(name))]
    return [(prefix, value)]


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
