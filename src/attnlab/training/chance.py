"""What is random in a training step follows from the seed and the step's place alone."""

from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback

from attnlab.data.batch import Batch


class Chance(Callback):
    """Seeds torch anew before every training step, by seed, epoch, batch of the epoch and rank.

    Dropout and sampled targets are then the same after a resumed start as without it, however many processes there are
    and whatever was drawn in between; there is no state to be saved.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, batch: Batch, batch_idx: int
    ) -> Any:
        """Seeds the generators of the CPU and of the device in use: `torch.manual_seed` takes a millisecond for all."""
        place = (self._seed, trainer.current_epoch, batch_idx, trainer.global_rank)
        seed = int(np.random.SeedSequence(place).generate_state(1, np.uint64)[0])
        torch.default_generator.manual_seed(seed)
        if pl_module.device.type != "cpu":
            torch.get_device_module(pl_module.device).manual_seed(seed)
