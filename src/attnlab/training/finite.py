"""What happens to a training step whose loss or gradient is no number."""

import logging
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.plugins import MixedPrecision
from torch import Tensor
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer
from typing_extensions import override

from attnlab.data.batch import Batch
from attnlab.errors import ConfigError, RunError

ROWS_SHOWN = 20
"""Rows of a batch that a message lists."""

log = logging.getLogger(__name__)


class FiniteSteps(Callback):
    """Ends training before a step with a NaN or infinite loss or gradient reaches the weights, or leaves the step out.

    A gradient of 16-mixed precision may overflow: its scaler leaves such steps out by itself, so only the loss counts.

    Args:
        skip: so many steps may be left out in a whole training before it ends.

    Raises:
        ConfigError: `skip` is negative.
    """

    def __init__(self, *, skip: int) -> None:
        if skip < 0:
            raise ConfigError(f"callbacks.finite.skip is a number of steps from 0, not {skip}: 0 leaves none out.")
        self.skipped = 0
        self._skip = skip
        self._rows: list[Tensor] = []
        self._losses: list[Tensor] = []

    @override
    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        """Remembers which rows the next step learns from: of several batches, where gradients are accumulated."""
        self._rows.append(batch.rows)

    @override
    def on_before_backward(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, loss: Tensor
    ) -> None:
        """Remembers the loss."""
        self._losses.append(loss.detach())

    @override
    def on_before_optimizer_step(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, optimizer: Optimizer
    ) -> None:
        """Looks at losses and gradients, before they are clipped; logs the norm of gradients that are not scaled.

        Raises:
            RunError: one is not finite, and no more may be left out.
        """
        norm = self._norm(trainer, pl_module)
        if norm:
            pl_module.log("train/gradient_norm", norm[0])
        figures = torch.stack([*self._losses, *norm])
        rows, self._rows, self._losses = self._rows, [], []
        if trainer.strategy.reduce_boolean_decision(bool(figures.isfinite().all())):
            return
        text = _described(figures.tolist(), torch.cat(rows).tolist())
        place = f"step {trainer.global_step + 1:,} of epoch {trainer.current_epoch}"
        if self.skipped == self._skip:
            raise RunError(
                f"a step of training has a finite loss and gradient, but {place} has {text}: lower optimizer.lr or "
                "trainer.gradient_clip_val, or let such steps be left out with callbacks.finite.skip=NUMBER; the "
                "checkpoints are from before it."
            )
        self.skipped += 1
        log.warning("left out %s with %s: %d of %d", place, text, self.skipped, self._skip)
        optimizer.zero_grad(set_to_none=True)  # parameters without a gradient are left as they are

    @override
    def state_dict(self) -> dict[str, Any]:
        return {"skipped": self.skipped}

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.skipped = int(state_dict["skipped"])

    def _norm(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> list[Tensor]:
        plugin = trainer.precision_plugin
        if isinstance(plugin, MixedPrecision) and plugin.scaler is not None:
            return []
        return [get_total_norm([each.grad for each in module.parameters() if each.grad is not None]).float()]


def _described(figures: list[float], rows: list[int]) -> str:
    numbers = ", ".join(f"{each:g}" for each in figures)
    shown = ", ".join(map(str, rows[:ROWS_SHOWN])) + (" and more" if len(rows) > ROWS_SHOWN else "")
    return f"loss and gradient {numbers} on rows {shown} of the training split"
