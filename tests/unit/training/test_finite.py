"""Losses that are no numbers."""

import logging
import math
from collections.abc import Callable

import lightning
import pytest
import torch
from torch import Tensor

from attnlab.data.batch import Batch
from attnlab.data.bucketing import BatchBudget
from attnlab.data.prepare import PreparedData
from attnlab.errors import ConfigError, RunError
from attnlab.training.datamodule import TranslationDataModule
from attnlab.training.finite import FiniteSteps

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers.*", "ignore:.*treespec, LeafSpec.*")


class Weight(lightning.LightningModule):
    """One weight that grows by 1 with every step, and spoils those that row 3 is part of."""

    def __init__(self, *, loss: float, slope: float) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.wrong = (loss, slope)

    def training_step(self, batch: Batch, _: int) -> Tensor:
        shift, slope = self.wrong if 3 in batch.rows else (0.0, 1.0)
        return shift - slope * self.weight

    def validation_step(self, batch: Batch, _: int) -> None: ...

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=1.0)


@pytest.fixture
def train(prepared: PreparedData, make_trainer: Callable[..., lightning.Trainer]) -> Callable[..., Weight]:
    """Two epochs of eight pairs in batches of two: steps 1 to 8, one of each four with row 3."""

    def run(skip: int, *, loss: float = 0.0, slope: float = 1.0, accumulate: int = 1) -> Weight:
        weight, finite = Weight(loss=loss, slope=slope), FiniteSteps(skip=skip)
        budget = BatchBudget(max_sentences=2)
        data = TranslationDataModule(prepared, budget=budget, evaluation_budget=budget, seed=1)
        trainer = make_trainer(max_epochs=2, callbacks=[finite], accumulate_grad_batches=accumulate)
        trainer.fit(weight, datamodule=data)
        return weight

    return run


SPOILT = [{"loss": math.nan}, {"loss": math.inf}, {"slope": math.nan}, {"slope": math.inf}]


@pytest.mark.parametrize("spoilt", SPOILT, ids=str)
def test_such_steps_are_left_out_and_counted(
    train: Callable[..., Weight], spoilt: dict[str, float], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="attnlab"):
        weight = train(2, **spoilt)
    assert weight.weight.item() == 6  # of 8
    first, second = (record.getMessage() for record in caplog.records if record.name == "attnlab.training.finite")
    assert "of epoch 0 with loss and gradient" in first
    assert second.endswith(": 2 of 2")


@pytest.mark.parametrize("spoilt", SPOILT, ids=str)
def test_one_too_many_ends_training_and_is_named(train: Callable[..., Weight], spoilt: dict[str, float]) -> None:
    with pytest.raises(
        RunError, match=r"but step [5-8] of epoch 1 has .*(nan|inf).* on rows .*3.* of the training spl"
    ):
        train(1, **spoilt)
    with pytest.raises(
        RunError, match=r"lower optimizer.lr .* callbacks\.finite\.skip=NUMBER; the checkpoints are fro"
    ):
        train(0, **spoilt)


def test_a_step_of_several_batches_names_them_all(train: Callable[..., Weight]) -> None:
    with pytest.raises(RunError, match=r"on rows \d, \d, \d, \d of the training split"):
        train(0, loss=math.nan, accumulate=2)
    assert train(2, loss=math.nan, accumulate=2).weight.item() == 2  # of 4


def test_the_norm_of_the_gradients_is_logged(train: Callable[..., Weight]) -> None:
    assert train(0).trainer.callback_metrics["train/gradient_norm"] == 1.0


def test_a_count_is_not_negative() -> None:
    with pytest.raises(ConfigError, match=r"callbacks\.finite\.skip is a number of steps from 0, not -1"):
        FiniteSteps(skip=-1)


def test_the_count_goes_on_with_the_training() -> None:
    first, second = FiniteSteps(skip=3), FiniteSteps(skip=3)
    first.skipped = 2
    second.load_state_dict(first.state_dict())
    assert second.skipped == 2
