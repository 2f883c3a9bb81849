"""What is measured and said while a model trains."""

import logging
from collections.abc import Callable
from typing import Any

import lightning
import pytest

from attnlab.data.batch import collate
from attnlab.data.bucketing import BatchBudget
from attnlab.data.prepare import PreparedData
from attnlab.training.callbacks import Journal, Throughput
from attnlab.training.datamodule import TranslationDataModule
from attnlab.training.task import TranslationTask


class Listener(lightning.LightningModule):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.logged: list[tuple[str, Any]] = []

    def log(self, name: str, value: Any, **_: Any) -> None:  # type: ignore[override]
        self.logged.append((name, value))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Set its one number to tell the time."""
    now = [0.0]
    monkeypatch.setattr("attnlab.training.callbacks.time.perf_counter", lambda: now[0])
    return now


def test_throughput_counts_real_target_tokens_without_the_first(clock: list[float]) -> None:
    throughput, listener, trainer = Throughput(), Listener(), lightning.Trainer(logger=False, accelerator="cpu")
    throughput.load_state_dict({"seen": 100})
    batch = collate([[5] * 9, [5]], [[4, 4, 4], [4]], range(2))  # 4 + 2 tokens with EOS, 2 of padding
    throughput.on_train_epoch_start(trainer, listener)
    throughput.on_train_batch_start(trainer, listener, batch, 0)
    for time in (2.0, 3.0):
        clock[0] = time
        throughput.on_train_batch_end(trainer, listener, None, batch, 0)
    assert listener.logged == [
        ("train/tokens", 106),
        ("train/tokens_per_second", 6 / 2),
        ("train/tokens", 112),
        ("train/tokens_per_second", 12 / 3),
    ]
    assert throughput.state_dict() == {"seen": 112}


@pytest.mark.parametrize(
    "pause",
    [
        lambda throughput, *who: throughput.on_validation_end(*who),
        lambda throughput, *who: throughput.on_save_checkpoint(*who, {}),
    ],
    ids=["validation", "checkpoint"],
)
def test_a_pause_in_the_middle_of_an_epoch_costs_no_throughput(pause: Callable[..., None], clock: list[float]) -> None:
    throughput, listener, trainer = Throughput(), Listener(), lightning.Trainer(logger=False, accelerator="cpu")
    batch = collate([[5]], [[4]], [0])
    throughput.on_train_epoch_start(trainer, listener)
    throughput.on_train_batch_start(trainer, listener, batch, 0)
    clock[0] = 1.0
    throughput.on_train_batch_end(trainer, listener, None, batch, 0)
    pause(throughput, trainer, listener)
    clock[0] = 100.0
    throughput.on_train_batch_start(trainer, listener, batch, 1)
    clock[0] = 101.0
    throughput.on_train_batch_end(trainer, listener, None, batch, 1)
    assert listener.logged[-1] == ("train/tokens_per_second", 2.0)


@pytest.mark.filterwarnings("ignore:.*does not have many workers.*", "ignore:.*treespec, LeafSpec.*")
def test_the_journal_has_a_line_for_each_epoch(
    make_task: Callable[..., TranslationTask],
    make_trainer: Callable[..., lightning.Trainer],
    prepared: PreparedData,
    caplog: pytest.LogCaptureFixture,
) -> None:
    budget = BatchBudget(max_sentences=4)
    data = TranslationDataModule(prepared, budget=budget, evaluation_budget=budget, seed=1)
    with caplog.at_level(logging.INFO, logger="attnlab"):
        make_trainer(max_epochs=2, callbacks=[Throughput(), Journal()]).fit(make_task(), datamodule=data)
    lines = [record.getMessage() for record in caplog.records if record.name == "attnlab.training.callbacks"]
    assert [line.split(":")[0] for line in lines] == ["epoch 0, step 2", "epoch 1, step 4"]
    wanted = [
        "train/loss",
        "train/nll",
        "val/loss",
        "val/perplexity",
        "val/bleu",
        "train/tokens_per_second",
        "train/tokens",
    ]
    assert all([part.split()[0] for part in line.split(": ")[1].split(", ")] == wanted for line in lines)
