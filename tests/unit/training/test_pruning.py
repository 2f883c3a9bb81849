"""A trial reports after each validation, and ends when it is told to."""

from collections.abc import Callable
from typing import Any

import lightning
import pytest

from attnlab.data.bucketing import BatchBudget
from attnlab.data.prepare import PreparedData
from attnlab.training.datamodule import TranslationDataModule
from attnlab.training.pruning import Report
from attnlab.training.task import TranslationTask


class Trial:
    """Keeps what is reported, and ends after so many epochs."""

    def __init__(self, last: int) -> None:
        self.told: list[tuple[int, float]] = []
        self.last = last

    def __call__(self, step: int, value: float) -> bool:
        self.told.append((step, value))
        return step == self.last


@pytest.fixture
def fit(
    make_task: Callable[..., TranslationTask],
    make_trainer: Callable[..., lightning.Trainer],
    prepared: PreparedData,
) -> Callable[..., lightning.Trainer]:
    """Trains with callbacks."""
    budget = BatchBudget(max_sentences=4)

    def train(*callbacks: lightning.Callback, **settings: Any) -> lightning.Trainer:
        data = TranslationDataModule(prepared, budget=budget, evaluation_budget=budget, seed=1)
        trainer = make_trainer(callbacks=list(callbacks), **settings)
        trainer.fit(make_task(), datamodule=data)
        return trainer

    return train


pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers.*", "ignore:.*treespec, LeafSpec.*")


def test_each_validation_is_reported_and_the_answer_ends_training(fit: Callable[..., lightning.Trainer]) -> None:
    trial = Trial(last=2)
    report = Report(trial, monitor="val/loss")
    trainer = fit(report, max_epochs=3, num_sanity_val_steps=-1)
    assert trainer.current_epoch == 2
    assert [step for step, _ in trial.told] == [1, 2]
    assert trial.told[-1][1] == trainer.callback_metrics["val/loss"]
    assert report.pruned


def test_a_process_that_is_only_told_goes_on_by_itself(fit: Callable[..., lightning.Trainer]) -> None:
    report = Report(None, monitor="val/loss")
    assert fit(report, max_epochs=2).current_epoch == 2
    assert not report.pruned


def test_a_metric_that_is_not_logged_is_not_reported(fit: Callable[..., lightning.Trainer]) -> None:
    trial = Trial(last=1)
    fit(Report(trial, monitor="val/nothing"), max_epochs=1)
    assert trial.told == []


def test_the_end_outlives_its_process() -> None:
    report, again = Report(None, monitor="val/loss"), Report(None, monitor="val/loss")
    report.pruned = True
    again.load_state_dict(report.state_dict())
    assert again.pruned
