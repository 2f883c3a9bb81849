"""How the learning rate moves during training."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Literal, final

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from attnlab.errors import ConfigError


class Schedule(ABC):
    """Makes Lightning's scheduler configuration for an optimizer; factors multiply the optimizer's own rate."""

    @abstractmethod
    def configure(
        self, optimizer: Optimizer, *, total_steps: int, steps_per_epoch: int, epochs_per_validation: int
    ) -> dict[str, Any]:
        """`total_steps` and `steps_per_epoch` count optimizer steps: several batches, if gradients are accumulated."""


class StepSchedule(Schedule):
    """A factor that is a function of the step alone."""

    @abstractmethod
    def factor(self, step: int, *, total_steps: int, steps_per_epoch: int) -> float:
        """The factor after `step` optimizer steps."""

    @final
    def configure(
        self, optimizer: Optimizer, *, total_steps: int, steps_per_epoch: int, epochs_per_validation: int
    ) -> dict[str, Any]:
        """One factor for each optimizer step."""

        def factor(step: int) -> float:
            return self.factor(step, total_steps=total_steps, steps_per_epoch=steps_per_epoch)

        return {"scheduler": LambdaLR(optimizer, factor), "interval": "step"}


@final
class Constant(StepSchedule):
    """The same rate throughout."""

    def factor(self, step: int, *, total_steps: int, steps_per_epoch: int) -> float:
        """The factor after `step` optimizer steps."""
        return 1.0


@final
@dataclass(frozen=True, kw_only=True)
class Linear(StepSchedule):
    """Rises over `warmup_steps`, stays, and falls linearly to `final` from the share `decay_from` of training on.

    Raises:
        ConfigError: if a share lies outside [0, 1], or there are less than 0 steps.
    """

    warmup_steps: int
    decay_from: float
    final: float

    def __post_init__(self) -> None:
        for name, share in (("decay_from", self.decay_from), ("final", self.final)):
            if not 0 <= share <= 1:
                raise ConfigError(f"schedule.{name} is a share in [0, 1], not {share}.")
        _check_warmup(self.warmup_steps)

    def factor(self, step: int, *, total_steps: int, steps_per_epoch: int) -> float:
        """The factor after `step` optimizer steps."""
        start = self.decay_from * total_steps
        fallen = min(max(step - start, 0) / max(total_steps - start, 1), 1)
        return _warm(step, self.warmup_steps) * (1 - (1 - self.final) * fallen)


@final
@dataclass(frozen=True, kw_only=True)
class InverseSquareRoot(StepSchedule):
    """Rises over `warmup_steps`, then falls with the square root of the step (Vaswani et al. 2017, section 5.3).

    Raises:
        ConfigError: if there are less than 0 steps.
    """

    warmup_steps: int

    def __post_init__(self) -> None:
        _check_warmup(self.warmup_steps)

    def factor(self, step: int, *, total_steps: int, steps_per_epoch: int) -> float:
        """The factor after `step` optimizer steps: 1 at the end of the warm-up."""
        peak = max(self.warmup_steps, 1)
        return float(min((step + 1) / peak, (peak / (step + 1)) ** 0.5))


@final
@dataclass(frozen=True, kw_only=True)
class Halving(StepSchedule):
    """The rate stands for `epochs` epochs and halves after each one that follows.

    Luong et al. (2015), section 4.1: SGD from 1.0, halved every epoch after 5 epochs (after 8 with dropout).
    """

    epochs: int

    def factor(self, step: int, *, total_steps: int, steps_per_epoch: int) -> float:
        """The factor after `step` optimizer steps."""
        done = step // steps_per_epoch
        return float(0.5 ** max(done - self.epochs + 1, 0))


@final
@dataclass(frozen=True, kw_only=True)
class Plateau(Schedule):
    """Multiplies the rate by `factor` when `monitor` has not improved for more than `patience` validations.

    Raises:
        ConfigError: if `mode` is neither min nor max, `factor` would not lower the rate, or `patience` is less than 0.
    """

    monitor: str
    mode: str
    factor: float
    patience: int

    def __post_init__(self) -> None:
        if self.mode not in {"min", "max"}:
            raise ConfigError(f"schedule.mode is min or max, not {self.mode}: max for BLEU, min for a loss.")
        if self.patience < 0:
            raise ConfigError(f"schedule.patience is a number of validations from 0, not {self.patience}: raise it.")
        if not 0 < self.factor < 1:
            raise ConfigError(f"schedule.factor lies between 0 and 1, not {self.factor}: 0.5 halves the rate.")

    def configure(
        self, optimizer: Optimizer, *, total_steps: int, steps_per_epoch: int, epochs_per_validation: int
    ) -> dict[str, Any]:
        """Looks at the metric after each validation."""
        mode: Literal["min", "max"] = "min" if self.mode == "min" else "max"
        scheduler = ReduceLROnPlateau(optimizer, mode=mode, factor=self.factor, patience=self.patience)
        return {
            "scheduler": scheduler,
            "interval": "epoch",
            "frequency": epochs_per_validation,
            "monitor": self.monitor,
        }


def _check_warmup(steps: int) -> None:
    if steps < 0:
        raise ConfigError(f"schedule.warmup_steps is a number of steps from 0, not {steps}: 0 is no warm-up.")


def _warm(step: int, warmup_steps: int) -> float:
    return min((step + 1) / max(warmup_steps, 1), 1.0)
