"""The moving average follows the weights."""

import math
from collections.abc import Callable

import lightning
import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from attnlab.errors import ConfigError
from attnlab.training.averaging import MovingAverage, move


def moved(average: Tensor, current: Tensor, steps: Tensor | int, *, decay: float) -> Tensor:
    """One weight's average after one more step."""
    averages = [average.clone()]
    move(averages, [current], steps, decay=decay)
    return averages[0]


def test_a_worked_example() -> None:
    """After 8 steps the decay is at most 9/18: half the old average, half the new weight."""
    assert moved(torch.tensor(2.0), torch.tensor(4.0), 8, decay=0.999).item() == pytest.approx(3.0)
    assert moved(torch.tensor(2.0), torch.tensor(4.0), torch.tensor(8), decay=0.75).item() == pytest.approx(3.0)
    assert moved(torch.tensor(2.0), torch.tensor(4.0), 8, decay=0.25).item() == pytest.approx(3.5)
    assert moved(torch.tensor(0.0), torch.tensor(1.0), 10**6, decay=0.75).item() == pytest.approx(0.25)


def test_a_decay_of_zero_is_the_last_weight_to_the_bit() -> None:
    last = torch.tensor([1 / 3, -1e-20, 7e8])
    assert_close(moved(torch.randn(3), last, 500, decay=0.0), last, rtol=0, atol=0)


@pytest.mark.parametrize(("steps", "left"), [(100, 1e-4), (900, 1e-4)])
def test_a_short_training_forgets_its_start(steps: int, left: float) -> None:
    average = torch.tensor(1.0, dtype=torch.float64)
    for step in range(1, steps):
        average = moved(average, torch.tensor(0.0, dtype=torch.float64), step, decay=0.999)
    assert average < left


@pytest.mark.parametrize("decay", [-0.1, 1.0, math.nan])
def test_a_decay_keeps_less_than_everything(decay: float) -> None:
    with pytest.raises(ConfigError, match=r"callbacks\.averaging\.decay is in \[0, 1\), not"):
        MovingAverage(decay=decay)


class Counter(lightning.LightningModule):
    """One weight that grows by 1 with every step."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.seen: list[float] = []

    def training_step(self, batch: list[Tensor], _: int) -> Tensor:
        return -self.weight

    def validation_step(self, batch: list[Tensor], _: int) -> None:
        self.seen.append(self.weight.item())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=1.0)


@pytest.mark.filterwarnings("ignore:.*does not have many workers.*", "ignore:.*treespec, LeafSpec.*")
@pytest.mark.parametrize("decay", [0.0, 0.999])
def test_validation_and_what_is_left_see_the_average(
    decay: float, make_trainer: Callable[..., lightning.Trainer]
) -> None:
    counter = Counter()
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.zeros(4, 1)))
    one = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.zeros(1, 1)))
    trainer = make_trainer(max_epochs=2, callbacks=[MovingAverage(decay=decay)])
    trainer.fit(counter, data, one)
    average, expected = torch.tensor(1.0), {}  # the first step's weight starts the average
    for step in range(1, 8):
        average = moved(average, torch.tensor(step + 1.0), step, decay=decay)
        expected[step + 1] = average.item()
    assert counter.seen == pytest.approx([expected[4], expected[8]])
    assert counter.weight.item() == pytest.approx(expected[8])


def test_the_average_follows_the_model_to_its_device(make_trainer: Callable[..., lightning.Trainer]) -> None:
    """Lightning lets callbacks set up before the model has moved."""
    counter, averaging, trainer = Counter(), MovingAverage(decay=0.5), make_trainer()
    averaging.setup(trainer, counter, "fit")
    averaging.on_fit_start(trainer, counter.to("meta"))
    assert averaging._average_model is not None
    assert {parameter.device.type for parameter in averaging._average_model.parameters()} == {"meta"}
