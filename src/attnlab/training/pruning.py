"""A trial of a sweep tells how it is doing after each validation, and may be ended for it."""

from collections.abc import Callable
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback
from typing_extensions import override


class Pruned(Exception):  # noqa: N818  # no mistake of anyone
    """A trial was ended because others did better; what it has learned so far is kept."""


class Report(Callback):
    """Reports the monitored metric after every validation, and ends training if the answer is that it should.

    Under several processes the first one reports and tells the others.

    Args:
        report: takes epochs trained and the metric; its answer is whether to end. None on processes that are told.
        monitor: name of the metric.

    Attributes:
        pruned: whether training was ended.
    """

    def __init__(self, report: Callable[[int, float], bool] | None, *, monitor: str) -> None:
        self._report = report
        self._monitor = monitor
        self.pruned = False

    @override
    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Reports once a validation; one that has not logged the metric is the best checkpoint's concern."""
        if trainer.sanity_checking or self._monitor not in trainer.callback_metrics:
            return
        value = float(trainer.callback_metrics[self._monitor])
        end = self._report is not None and self._report(trainer.current_epoch + 1, value)
        if trainer.strategy.broadcast(end):
            self.pruned = trainer.should_stop = True

    @override
    def state_dict(self) -> dict[str, Any]:
        """A trial that was ended stays so if its process is killed before it could say so."""
        return {"pruned": self.pruned}

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes up where the checkpoint was written."""
        self.pruned = bool(state_dict["pruned"])
