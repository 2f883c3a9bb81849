"""One trial in a process of its own: how it starts, how it is told to stop, and what it leaves."""

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path

import torch
from hydra.plugins.launcher import Launcher
from optuna.trial import TrialState

from hydra_plugins.attnlab_sweeper._outcome import Outcome, failed, outcome_of

_FORK = get_context("fork")  # all that the worker has imported is there at once


@dataclass
class Job:
    """A running trial.

    Attributes:
        number: of the trial.
        process: of the job.
        result: readable when the job has ended, one way or another.
    """

    number: int
    process: ForkProcess
    result: Connection

    def collect(self) -> Outcome | None:
        """How the trial ended; None if its process was killed."""
        try:
            outcome = self.result.recv()
        except EOFError:
            outcome = None
        self.process.join()
        self.result.close()
        return outcome if isinstance(outcome, Outcome) else None

    def interrupt(self) -> None:
        """Asks it to end, as Ctrl-C does."""
        if self.process.is_alive() and self.process.pid is not None:
            os.kill(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """Ends it."""
        self.process.kill()


def start(
    launcher: Launcher,
    overrides: Sequence[str],
    *,
    number: int,
    num_objectives: int,
    threads: int | None,
    terminal: Path | None,
) -> Job:
    """Runs a trial with Hydra's launcher in a new process.

    Args:
        launcher: of Hydra: `basic` trains in that process, others on a cluster while that process waits.
        overrides: of the trial.
        number: of the trial, and so of Hydra's job.
        num_objectives: how many values it returns.
        threads: that PyTorch may use; None leaves it alone.
        terminal: file for what it writes; None for the terminal.
    """
    receiver, sender = _FORK.Pipe(duplex=False)
    process = _FORK.Process(
        target=_run,
        args=(sender, launcher, overrides, number, num_objectives, threads, terminal),
        name=f"trial{number}",
    )
    process.start()
    sender.close()
    return Job(number, process, receiver)


def _run(
    sender: Connection,
    launcher: Launcher,
    overrides: Sequence[str],
    number: int,
    num_objectives: int,
    threads: int | None,
    terminal: Path | None,
) -> None:
    os.setpgid(0, 0)  # Ctrl-C goes to the worker, which decides what becomes of its trials
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    if terminal is not None:
        _write_to(terminal)
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        (returned,) = launcher.launch([overrides], initial_job_idx=number)
        outcome = outcome_of(returned, num_objectives)
    except KeyboardInterrupt:
        outcome = Outcome(TrialState.WAITING)
    except BaseException as error:  # a launcher's own, or SystemExit
        outcome = failed(error)
    sender.send(outcome)


def _end_with(parent: int) -> None:
    """A trial whose worker was killed must not go on: another worker will take it."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGKILL)


def _write_to(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    with path.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
