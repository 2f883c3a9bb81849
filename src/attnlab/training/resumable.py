"""When all that a training needs to go on is kept, and where it stops if it is told to."""

import os
import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

import lightning
import torch
from lightning.pytorch.callbacks import Checkpoint
from typing_extensions import override

from attnlab.data.batch import Batch
from attnlab.errors import ConfigError, Interrupted, RunError
from attnlab.training.checkpoint_file import read_checkpoint

LAST_FILE: Final = "last.ckpt"
"""From which training goes on."""


def read_facts(path: Path) -> dict[str, Any]:
    """`Resumable.facts` as they were kept.

    Raises:
        RunError: the checkpoint is damaged, or none of a training.
    """
    try:
        facts: dict[str, Any] = read_checkpoint(path)["callbacks"][Resumable.__qualname__]["facts"]
    except (KeyError, TypeError) as error:
        raise RunError(
            f"training goes on from {path}, but that is no checkpoint of a training: name another run."
        ) from error
    return facts


class Resumable(Checkpoint):
    """Keeps `last.ckpt`: at the start of each epoch, every so many steps or minutes, and when training has to stop.

    A state is only taken where nothing is half done: between two epochs, or after an optimizer step that no validation
    follows. SIGINT and SIGTERM let training run to the next such place, where it is kept and left; a second one leaves
    at once, with the state that was kept before.

    Args:
        dirpath: where the file goes.
        every_steps: optimizer steps between two states; None for none.
        every_minutes: the same in minutes of training.

    Raises:
        ConfigError: an interval is not positive.
    """

    def __init__(self, *, dirpath: str, every_steps: int | None, every_minutes: float | None) -> None:
        for name, interval in (("every_steps", every_steps), ("every_minutes", every_minutes)):
            if interval is not None and interval <= 0:
                raise ConfigError(
                    f"callbacks.resumable.{name} is above 0, not {interval}: null writes no state inside an epoch."
                )
        self.path = Path(dirpath) / LAST_FILE
        self.facts: dict[str, Any] = {}
        """What else must be the same when training goes on: kept with every state."""
        self.figures: dict[str, float] = {}
        """The newest value of everything that was logged, also before training was resumed."""
        self._every_steps = every_steps
        self._every_seconds = None if every_minutes is None else 60 * every_minutes
        self._kept_step = 0
        self._kept_time = 0.0
        self._between_epochs = False
        self._over = False
        self._signal: signal.Signals | None = None
        self._speaks = True

    @override
    def on_load_checkpoint(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """A training that was told to end before its last epoch still is: at once, or when `min_epochs` are done."""
        trainer.should_stop = checkpoint["callbacks"][self.state_key]["over"]

    @override
    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Recalls the figures that monitors look at, and listens to signals.

        It does so after Lightning has set handlers of its own; at the end Lightning puts back those from before.
        """
        self._kept_step, self._kept_time, self._signal = trainer.global_step, time.monotonic(), None
        self._speaks = trainer.is_global_zero
        trainer.callback_metrics.update({name: torch.tensor(value) for name, value in self.figures.items()})
        if trainer.fit_loop.epoch_loop.batch_progress.current.ready == 0:
            trainer.fit_loop.epoch_loop.restarting = (
                False  # limited by steps, Lightning takes any start for a half epoch
            )
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self._hear)

    @override
    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Keeps what the epoch before has left, its validation and learning rate included."""
        asked = self._agreed(trainer, self._signal is not None)
        if trainer.global_step > self._kept_step:
            self._keep(trainer, between_epochs=True)
        if asked:
            self._stop(trainer)

    @override
    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Keeps a state in the middle of an epoch when it is time."""
        done = batch_idx + 1
        across_epochs = trainer.check_val_every_n_epoch is None  # then Lightning validates by batches of all epochs
        counted = trainer.fit_loop.total_batch_idx + 1 if across_epochs else done
        validates = trainer.val_check_batch is not None and counted % trainer.val_check_batch == 0
        stops = trainer.should_stop and trainer.fit_loop._can_stop_early
        ends = trainer.is_last_batch or stops or trainer.global_step == trainer.max_steps
        if done % trainer.accumulate_grad_batches or validates or ends:
            return
        late = self._every_seconds is not None and time.monotonic() - self._kept_time >= self._every_seconds
        wanted = self._agreed(trainer, late or self._signal is not None)
        if wanted or (self._every_steps is not None and trainer.global_step - self._kept_step >= self._every_steps):
            self._keep(trainer)
        if wanted and self._agreed(trainer, self._signal is not None):
            self._stop(trainer)

    @override
    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Lets the learning rate follow the first validation, too: Lightning keeps it as it was where it restarts."""
        trainer.fit_loop._restarting = False

    @override
    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Keeps the end, so that `last.ckpt` is the last epoch's."""
        trainer.should_stop = True
        self._keep(trainer, between_epochs=True)
        if self._agreed(trainer, self._signal is not None):
            self._stop(trainer)

    @override
    def on_save_checkpoint(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Between epochs Lightning's counters are set as if the next had not been begun."""
        if self._between_epochs:
            loops = checkpoint["loops"]["fit_loop"]
            for counts in (loops["epoch_progress"]["total"], loops["epoch_progress"]["current"]):
                counts["ready"] = counts["completed"]
            loops["epoch_loop.batch_progress"]["current"] = dict.fromkeys(
                loops["epoch_loop.batch_progress"]["current"], 0
            )

    @override
    def state_dict(self) -> dict[str, Any]:
        return {"figures": dict(self.figures), "facts": dict(self.facts), "over": self._over}

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.figures = dict(state_dict["figures"])

    def _keep(self, trainer: lightning.Trainer, *, between_epochs: bool = False) -> None:
        self.figures |= {name: float(value) for name, value in trainer.callback_metrics.items()}
        self._between_epochs, self._over = between_epochs, trainer.should_stop
        trainer.save_checkpoint(self.path)
        self._between_epochs = False
        self._kept_step, self._kept_time = trainer.global_step, time.monotonic()

    def _agreed(self, trainer: lightning.Trainer, wish: bool) -> bool:
        """Whether any process wishes it."""
        return trainer.strategy.reduce_boolean_decision(wish, all=False)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._signal is not None:
            raise KeyboardInterrupt
        self._signal = signal.Signals(number)
        if self._speaks:  # not by print(), which may be what the signal has interrupted
            os.write(2, f"{self._signal.name}: stops where it can go on later; once more stops at once\n".encode())

    def _stop(self, trainer: lightning.Trainer) -> NoReturn:
        number = self._signal or signal.SIGTERM  # another process heard it
        raise Interrupted(f"stopped by {number.name} after step {trainer.global_step:,}", status=128 + number)
