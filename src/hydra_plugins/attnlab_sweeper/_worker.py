"""The work of one command on a study: trials side by side, each collected as it ends, whatever the others do."""

import logging
import multiprocessing.connection
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import torch
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig
from optuna.trial import TrialState

from attnlab.errors import RunError
from hydra_plugins.attnlab_sweeper._jobs import Job, start
from hydra_plugins.attnlab_sweeper._outcome import Outcome
from hydra_plugins.attnlab_sweeper._queue import BEAT, RETRIES, Queue
from hydra_plugins.attnlab_sweeper._space import Space

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
"""Between two looks at what other workers have left."""
_FAREWELL_SECONDS = 60.0
"""For trials to save what they have, once the user has ended the sweep."""


class Worker:
    """Takes trials from a queue until it is empty and no other worker has any left."""

    def __init__(
        self,
        queue: Queue,
        launcher: Launcher,
        space: Space,
        settings: DictConfig,
        folder: Path,
        num_objectives: int,
    ) -> None:
        self._queue = queue
        self._launcher = launcher
        self._space = space
        self._settings = settings
        self._folder = folder
        self._num_objectives = num_objectives
        self._jobs: dict[int, Job] = {}
        self._failures = 0
        self._beaten = 0.0

    def work(self) -> None:
        """Runs trials to the end of the study.

        Raises:
            RunError: more trials failed than may.
            KeyboardInterrupt: by Ctrl-C or SIGTERM.
        """
        before = signal.signal(signal.SIGTERM, _interrupt)
        try:
            while True:
                self._start()
                if not self._jobs and not self._queue.trials(TrialState.WAITING, TrialState.RUNNING):
                    return
                for job, outcome in self._ended(_LOOK_SECONDS):
                    self._settle(job.number, outcome or self._killed(job))
                self._beat()
        except BaseException:
            self._leave()
            raise
        finally:
            signal.signal(signal.SIGTERM, before)

    def _start(self) -> None:
        """Fills the free places."""
        while len(self._jobs) < self._settings.workers:
            trial = self._queue.claim()
            if trial is None:
                return
            overrides = self._space.overrides(trial.params)
            log.info("trial %d: %s", trial.number, " ".join(overrides[: len(self._space.varied)]))
            beside_others = self._settings.workers > 1
            self._jobs[trial.number] = start(
                self._launcher,
                overrides,
                number=trial.number,
                num_objectives=self._num_objectives,
                threads=max(1, torch.get_num_threads() // self._settings.workers) if beside_others else None,
                terminal=self._folder / "terminal" / f"{trial.number}.log" if beside_others else None,
            )

    def _ended(self, seconds: float | None) -> Iterator[tuple[Job, Outcome | None]]:
        """Jobs that have ended, waiting for one a while; without jobs it only waits."""
        waiting = {job.result: job for job in self._jobs.values()}
        for ready in multiprocessing.connection.wait(list(waiting), seconds):
            job = waiting[ready]  # type: ignore[index]  # what was waited for
            outcome = job.collect()
            del self._jobs[job.number]
            yield job, outcome

    def _settle(self, number: int, outcome: Outcome) -> None:
        trial = self._queue.settle(number, outcome)
        if trial is None:
            log.warning("trial %d was taken over by another worker", number)
            return
        match outcome.state:
            case TrialState.FAIL:
                log.error("trial %d failed: %s\n%s", number, outcome.reason, outcome.traceback)
                self._count_failure()
            case TrialState.WAITING:
                log.info("trial %d goes back to the queue", number)
            case _:
                values = ", ".join(f"{value:.6g}" for value in trial.values or ())
                log.info("trial %d %s: %s", number, trial.state.name.lower(), values)

    def _killed(self, job: Job) -> Outcome:
        """A process that was killed is tried again, unless it keeps happening."""
        status = job.process.exitcode or 0
        ended = f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
        trial = self._queue.owned(job.number)
        if trial is None or self._queue.count(trial, RETRIES) <= self._settings.max_retries:
            log.warning("the process of trial %d ended with %s", job.number, ended)
            return Outcome(TrialState.WAITING)
        return Outcome(
            TrialState.FAIL,
            reason=f"its process ended with {ended} {self._settings.max_retries + 1} times (out of memory?)",
        )

    def _count_failure(self) -> None:
        self._failures += 1
        limit = 0 if self._settings.fail_fast else self._settings.max_failures
        if limit is not None and self._failures > limit:
            name = "fail_fast=true" if self._settings.fail_fast else f"max_failures={limit}"
            raise RunError(
                f"a sweep bears hydra.sweeper.{name}, but {self._failures} of its trials failed: mend what is listed "
                "above; the same command continues, with hydra.sweeper.retry_failed=true also those that failed."
            )

    def _beat(self) -> None:
        """Shows other machines that the trials live, and ends those that were taken over while this one slept."""
        if self._settings.storage is None or time.monotonic() - self._beaten < self._settings.heartbeat:
            return
        self._beaten = time.monotonic()
        for job in self._jobs.values():
            trial = self._queue.owned(job.number)
            if trial is None:
                job.kill()
            else:
                self._queue.count(trial, BEAT)

    def _leave(self) -> None:
        """Lets running trials save what they have, and puts them back."""
        if not self._jobs:
            return
        signal.signal(signal.SIGINT, signal.default_int_handler)
        log.info("ending %d running trials, which go back to the queue; Ctrl-C ends them at once", len(self._jobs))
        for job in self._jobs.values():
            job.interrupt()
        deadline = time.monotonic() + _FAREWELL_SECONDS
        try:
            while self._jobs and time.monotonic() < deadline:
                self._bid_farewell(0.2)
        except KeyboardInterrupt:
            pass
        for job in self._jobs.values():
            job.kill()
        while self._jobs:
            self._bid_farewell(None)

    def _bid_farewell(self, seconds: float | None) -> None:
        """Settles trials that have ended by now: one that was finished is, all others go back."""
        for job, outcome in self._ended(seconds):
            self._queue.settle(job.number, outcome or Outcome(TrialState.WAITING))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM, as a cluster sends it, ends a sweep as Ctrl-C does."""
    raise KeyboardInterrupt
