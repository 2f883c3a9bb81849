"""A study as a queue: which trials there are to run, who runs each, and which of them go back.

Every trial of the sweep is in the storage before it runs, as WAITING; whoever takes one makes it RUNNING under the lock
that all workers share. So none is run twice, none is lost, and `n_trials` is the total whoever works on it.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from attnlab.experiment.locks import Presence
from attnlab.experiment.storage import WORKER
from hydra_plugins.attnlab_sweeper._outcome import Outcome
from hydra_plugins.attnlab_sweeper._space import Point

log = logging.getLogger(__name__)

BEAT: Final = "beat"
"""Attributes of a trial: a number that grows as long as it runs,"""
REASON: Final = "reason"
"""why it failed, in one line,"""
TRACEBACK: Final = "traceback"
RETRIES: Final = "retries"
"""and how often its process was killed."""


@dataclass
class Queue:
    """The trials of a sweep, as one of its workers sees them.

    Attributes:
        study: of this sweep.
        storage: of the study.
        sampler: makes the one that proposes the parameters of the trial with a number.
        varied: distribution of each parameter.
        lock: makes a context that only one worker of the sweep is in.
        worker: name of this one.
        presences: folder of the workers' files.
        grace_period: seconds without a sign of life after which a trial of another machine is dead.
    """

    study: optuna.Study
    storage: BaseStorage
    sampler: Callable[[int], BaseSampler]
    varied: Mapping[str, BaseDistribution]
    lock: Callable[[], AbstractContextManager[None]]
    worker: str
    presences: Path
    grace_period: float
    _seen: dict[int, tuple[object, float]] = field(default_factory=dict)

    def fill(self, points: Sequence[Point] | int, *, retry_failed: bool) -> None:
        """Adds what is missing: the points of a grid, or so many trials whose parameters the sampler will propose."""
        with self.lock():
            known = [trial for trial in self.trials() if not (retry_failed and trial.state is TrialState.FAIL)]
            if isinstance(points, int):
                missing: list[Point] = [{}] * (points - len(known))
            else:
                planned = [trial.system_attrs.get("fixed_params") for trial in known]
                missing = [point for point in points if point not in planned]
            for point in missing:
                self.study.add_trial(create_trial(state=TrialState.WAITING, system_attrs={"fixed_params": point}))

    def claim(self) -> optuna.Trial | None:
        """Takes the first waiting trial, with parameters; None if none waits."""
        with self.lock():
            self._revive()
            waiting = self.trials(TrialState.WAITING)
            if not waiting:
                return None
            self.study.sampler = self.sampler(waiting[0].number)
            trial = self.study.ask(dict(self.varied))
            trial.set_user_attr(WORKER, self.worker)
            return trial

    def settle(self, number: int, outcome: Outcome) -> FrozenTrial | None:
        """Writes down how a trial ended; None, and nothing is written, if another worker has taken it over."""
        with self.lock():
            trial = self.owned(number)
            if trial is None:
                return None
            for name, value in ((REASON, outcome.reason), (TRACEBACK, outcome.traceback)):
                if value:
                    self.storage.set_trial_user_attr(trial._trial_id, name, value)
            if outcome.state is TrialState.WAITING:
                self.put_back(trial)
            else:
                self.study.tell(number, outcome.values, outcome.state)
        return self.trials()[number]

    def put_back(self, trial: FrozenTrial) -> None:
        """Lets another attempt go on with a trial."""
        self.storage.set_trial_user_attr(trial._trial_id, WORKER, None)
        self.storage.set_trial_state_values(trial._trial_id, state=TrialState.WAITING)

    def owned(self, number: int) -> FrozenTrial | None:
        """A trial that this worker runs; None if another has taken it over."""
        trial = self.trials()[number]
        mine = trial.state is TrialState.RUNNING and trial.user_attrs.get(WORKER) == self.worker
        return trial if mine else None

    def count(self, trial: FrozenTrial, name: str) -> int:
        """Adds 1 to an attribute of a trial."""
        value = int(trial.user_attrs.get(name, 0)) + 1
        self.storage.set_trial_user_attr(trial._trial_id, name, value)
        return value

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """Those in some states, or all, by number."""
        return self.study.get_trials(deepcopy=False, states=states or None)

    def _revive(self) -> None:
        """Puts back the trials of workers that are gone.

        One without a worker may just be taken, where not all workers share the lock: it is gone if that lasts.
        """
        for trial in self.trials(TrialState.RUNNING):
            worker = trial.user_attrs.get(WORKER)
            if worker == self.worker:
                continue
            ended = None if worker is None else Presence.ended(self.presences / worker)
            if ended is None:  # of a machine with another disk, or not known yet
                ended = self._silent(trial)
            if ended:
                log.warning("trial %d has lost its worker and goes back to the queue", trial.number)
                self.put_back(trial)

    def _silent(self, trial: FrozenTrial) -> bool:
        """Whether a trial has given no sign of life for the whole grace period, by this machine's clock."""
        sign = (trial.user_attrs.get(WORKER), trial.user_attrs.get(BEAT))
        before, since = self._seen.get(trial.number, (None, 0.0))
        if before != sign:
            self._seen[trial.number] = (sign, time.monotonic())
            return False
        return time.monotonic() - since > self.grace_period
