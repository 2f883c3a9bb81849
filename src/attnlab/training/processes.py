"""What the processes of one training tell each other, and what becomes of the others when the first one ends."""

import dataclasses
import signal
import threading

import lightning
import torch
from lightning.fabric.strategies.launchers.subprocess_script import _ChildProcessObserver
from lightning.pytorch.strategies.launchers import _SubprocessScriptLauncher

from attnlab.evaluation.answer import Answer


def gather(answers: list[Answer], world_size: int) -> list[Answer]:
    """The answers of all processes, on each of them; without attention weights, which no validation needs."""
    if world_size == 1:
        return answers
    light = [
        dataclasses.replace(each, hypotheses=[dataclasses.replace(one, weights=None) for one in each.hypotheses])
        for each in answers
    ]
    shares: list[list[Answer]] = [[] for _ in range(world_size)]
    torch.distributed.all_gather_object(shares, light)
    return [each for share in shares for each in share]


def end_others(trainer: lightning.Trainer) -> None:
    """Ends the processes that Lightning has started from this one, which would wait for it in vain.

    Lightning watches them and, when one ends, kills this process too, before it can say what has happened.
    """
    for thread in threading.enumerate():
        if isinstance(thread, _ChildProcessObserver):
            thread._child_processes = []
    launcher = trainer.strategy.launcher
    if isinstance(launcher, _SubprocessScriptLauncher):
        launcher.kill(signal.SIGKILL)
