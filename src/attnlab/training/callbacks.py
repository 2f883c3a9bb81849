"""What is said and measured while a model trains."""

import logging
import time
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback

from attnlab.data.batch import Batch

log = logging.getLogger(__name__)


class Throughput(Callback):
    """Logs `train/tokens_per_second` and `train/tokens`: target tokens that are no padding, EOS counted.

    The second counts from the start of the run, also where training goes on from a checkpoint. Time spent on validation
    and checkpoints does not count; loading batches does, but for the first one after such a pause. Of several processes
    the first counts its own and takes the others to be as fast, since no step ends before all of them have taken it.
    """

    def __init__(self) -> None:
        self._seen = 0
        self._tokens = 0
        self._seconds = 0.0
        self._since: float | None = None

    def state_dict(self) -> dict[str, int]:
        """What must not be lost when training is interrupted."""
        return {"seen": self._seen}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Goes on counting."""
        self._seen = state_dict["seen"]

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Sets the clock to zero, also where training goes on in the middle of an epoch."""
        self._tokens, self._seconds, self._since = 0, 0.0, None

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Sets it to zero."""
        self.on_train_start(trainer, pl_module)

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        """Lets the clock go on after a pause."""
        if self._since is None:
            self._since = time.perf_counter()

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Counts one batch."""
        if batch.target.is_cuda:
            torch.cuda.synchronize(batch.target.device)
        assert self._since is not None
        now = time.perf_counter()
        self._seconds += now - self._since
        self._since = now
        sentences = len(batch.target_lengths)
        tokens = trainer.world_size * (int(batch.target_lengths.sum()) - sentences)
        self._seen += tokens
        self._tokens += tokens
        pl_module.log("train/tokens", float(self._seen), batch_size=sentences)
        pl_module.log("train/tokens_per_second", self._tokens / self._seconds, prog_bar=True, batch_size=sentences)

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Leaves out a validation in the middle of an epoch."""
        self._since = None

    def on_save_checkpoint(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Leaves out the writing that follows."""
        self._since = None


class Journal(Callback):
    """One line for each epoch in the run's log, for those who read it later or look on without a terminal."""

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Says where training stands."""
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        wanted = ("train/loss", "train/nll", "val/loss", "val/perplexity", "val/bleu", "train/tokens_per_second")
        shown = [f"{name} {metrics[name]:,.4g}" for name in wanted if name in metrics]
        if (name := "train/tokens") in metrics:
            shown.append(f"{name} {metrics[name]:,.0f}")
        log.info("epoch %d, step %d: %s", trainer.current_epoch, trainer.global_step, ", ".join(shown))
