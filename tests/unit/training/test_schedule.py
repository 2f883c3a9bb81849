"""Learning rates, step by step, as one reckons them by hand."""

import math
from collections.abc import Sequence

import pytest
import torch
from torch.optim import SGD

from attnlab.errors import ConfigError
from attnlab.training.schedule import Constant, Halving, InverseSquareRoot, Linear, Plateau, StepSchedule


def factors(schedule: StepSchedule, steps: Sequence[int], *, total: int = 20, epoch: int = 10) -> list[float]:
    return [schedule.factor(step, total_steps=total, steps_per_epoch=epoch) for step in steps]


def optimizer(rate: float = 1.0) -> SGD:
    return SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)


def test_constant_never_moves() -> None:
    assert factors(Constant(), [0, 7, 10_000]) == [1, 1, 1]


def test_linear_rises_stays_and_falls() -> None:
    schedule = Linear(warmup_steps=4, decay_from=0.5, final=0.1)
    assert factors(schedule, [0, 1, 2, 3, 4, 10]) == [0.25, 0.5, 0.75, 1, 1, 1]
    assert factors(schedule, [12, 15, 18, 20]) == pytest.approx([0.82, 0.55, 0.28, 0.1])


def test_linear_stays_at_its_end() -> None:
    assert factors(Linear(warmup_steps=0, decay_from=0.5, final=0.1), [21, 99]) == pytest.approx([0.1, 0.1])
    assert factors(Linear(warmup_steps=0, decay_from=0.0, final=0.0), [20, 21]) == [0, 0]


def test_linear_without_warm_up_or_decay_is_constant() -> None:
    assert factors(Linear(warmup_steps=0, decay_from=1.0, final=0.0), range(20)) == [1] * 20


def test_linear_may_fall_before_its_warm_up_ends() -> None:
    schedule = Linear(warmup_steps=10, decay_from=0.0, final=0.0)
    assert factors(schedule, [4, 9, 14]) == pytest.approx([0.5 * 0.8, 1 * 0.55, 0.3])


@pytest.mark.parametrize(("name", "value"), [("decay_from", 1.5), ("decay_from", -0.1), ("final", 2.0)])
def test_linear_takes_shares(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=rf"schedule\.{name} is a share in \[0, 1\], not {value}"):
        Linear(**{"warmup_steps": 0, "decay_from": 0.5, "final": 0.0} | {name: value})  # type: ignore[arg-type]


def test_inverse_square_root_peaks_after_the_warm_up_and_halves_with_four_times_the_steps() -> None:
    schedule = InverseSquareRoot(warmup_steps=4)
    assert factors(schedule, [0, 1, 2, 3]) == [0.25, 0.5, 0.75, 1]
    assert factors(schedule, [15, 63]) == pytest.approx([1 / 2, 1 / 4])
    assert factors(InverseSquareRoot(warmup_steps=0), [0, 3]) == pytest.approx([1, 1 / 2])


def test_halving_is_luongs() -> None:
    """Ten steps an epoch: 1.0 for five epochs, then halved every epoch."""
    rates = factors(Halving(epochs=5), range(0, 90, 10))
    assert rates == [1, 1, 1, 1, 1, 1 / 2, 1 / 4, 1 / 8, 1 / 16]
    assert factors(Halving(epochs=5), [49, 50, 59, 60]) == [1, 1 / 2, 1 / 2, 1 / 4]


def test_a_step_schedule_moves_the_rate_of_its_optimizer_at_every_step() -> None:
    moved = optimizer(rate=0.5)
    config = Linear(warmup_steps=2, decay_from=0.5, final=0.0).configure(
        moved, total_steps=4, steps_per_epoch=2, epochs_per_validation=1
    )
    assert config["interval"] == "step"
    rates = []
    for _ in range(4):
        rates.append(moved.param_groups[0]["lr"])
        moved.step()
        config["scheduler"].step()
    assert rates == pytest.approx([0.25, 0.5, 0.5, 0.25])
    assert moved.param_groups[0]["lr"] == 0


def test_a_plateau_lowers_the_rate_after_patience_is_lost() -> None:
    moved = optimizer()
    schedule = Plateau(monitor="val/loss", mode="min", factor=0.5, patience=1)
    config = schedule.configure(moved, total_steps=4, steps_per_epoch=2, epochs_per_validation=3)
    assert (config["monitor"], config["interval"], config["frequency"]) == ("val/loss", "epoch", 3)
    rates = []
    for loss in (2.0, 1.0, 1.5, 1.5, 0.5, 0.6, 0.7):
        config["scheduler"].step(loss)
        rates.append(moved.param_groups[0]["lr"])
    assert rates == [1, 1, 1, 0.5, 0.5, 0.5, 0.25]


def test_a_plateau_of_bleu_rises() -> None:
    moved = optimizer()
    schedule = Plateau(monitor="val/bleu", mode="max", factor=0.1, patience=0)
    scheduler = schedule.configure(moved, total_steps=4, steps_per_epoch=2, epochs_per_validation=1)["scheduler"]
    scheduler.step(10.0)
    scheduler.step(20.0)
    assert moved.param_groups[0]["lr"] == 1
    scheduler.step(15.0)
    assert moved.param_groups[0]["lr"] == pytest.approx(0.1)


def test_a_plateau_looks_up_or_down() -> None:
    with pytest.raises(ConfigError, match=r"schedule\.mode is min or max, not up"):
        Plateau(monitor="val/loss", mode="up", factor=0.5, patience=1)


@pytest.mark.parametrize("factor", [0.0, 1.0, math.nan])
def test_a_plateau_lowers(factor: float) -> None:
    with pytest.raises(ConfigError, match=r"schedule\.factor lies between 0 and 1, not"):
        Plateau(monitor="val/loss", mode="min", factor=factor, patience=1)


def test_a_plateau_waits_for_a_number_of_validations() -> None:
    with pytest.raises(ConfigError, match=r"schedule\.patience is a number of validations from 0, not -1: raise it"):
        Plateau(monitor="val/loss", mode="min", factor=0.5, patience=-1)


def test_a_warm_up_has_a_number_of_steps() -> None:
    message = r"schedule\.warmup_steps is a number of steps from 0, not -1: 0 is no warm-up"
    with pytest.raises(ConfigError, match=message):
        Linear(warmup_steps=-1, decay_from=0.5, final=0.0)
    with pytest.raises(ConfigError, match=message):
        InverseSquareRoot(warmup_steps=-1)
