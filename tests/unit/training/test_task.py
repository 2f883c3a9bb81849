"""A task trains what it is given."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import lightning
import pytest
import torch
from torch import Tensor
from torch.optim import Optimizer

from attnlab.data.bucketing import BatchBudget
from attnlab.data.prepare import PreparedData
from attnlab.errors import ConfigError
from attnlab.seq2seq import encoder
from attnlab.seq2seq.cells import LSTM, run_as_stored
from attnlab.seq2seq.model import Prediction, Seq2Seq
from attnlab.seq2seq.no_attention import NoAttentionDecoder
from attnlab.training import task as task_module
from attnlab.training.datamodule import TranslationDataModule
from attnlab.training.loss import TranslationLoss, coverage_loss
from attnlab.training.schedule import Constant, Plateau, Schedule
from attnlab.training.task import TranslationTask

MakeTask = Callable[..., TranslationTask]
MakeTrainer = Callable[..., lightning.Trainer]

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers.*", "ignore:.*treespec, LeafSpec.*")


@pytest.fixture
def data(prepared: PreparedData) -> TranslationDataModule:
    """Eight pairs in batches of 3, 3 and 2."""
    budget = BatchBudget(max_sentences=3)
    return TranslationDataModule(prepared, budget=budget, evaluation_budget=budget, seed=1)


def standing_still(parameters: Any) -> Optimizer:
    return torch.optim.SGD(parameters, lr=0.0)


def test_eight_pairs_are_learned_by_heart(
    make_task: MakeTask, make_trainer: MakeTrainer, data: TranslationDataModule
) -> None:
    trainer = make_trainer(max_epochs=40, check_val_every_n_epoch=40)
    trainer.fit(make_task(), datamodule=data)
    assert trainer.callback_metrics["train/nll"] < 0.05
    assert trainer.callback_metrics["val/bleu"] == pytest.approx(100)
    assert trainer.callback_metrics["val/exact_match"] == 1


def test_training_and_validation_measure_the_same_likelihood(
    make_task: MakeTask, make_trainer: MakeTrainer, data: TranslationDataModule
) -> None:
    """Mean nats per token of the epoch, whatever the batches and the smoothing: here the pairs are the same."""
    trainer = make_trainer(max_epochs=1)
    trainer.fit(
        make_task(optimizer=standing_still, loss=TranslationLoss(label_smoothing=0.3, coverage=0.5)), datamodule=data
    )
    metrics = trainer.callback_metrics
    assert metrics["train/nll"].item() == pytest.approx(metrics["val/loss"].item(), rel=1e-5)


def test_answers_of_one_validation_are_forgotten_at_the_next(
    make_task: MakeTask, make_trainer: MakeTrainer, data: TranslationDataModule
) -> None:
    make_trainer(max_epochs=2).fit(make_task(optimizer=standing_still), datamodule=data)


@pytest.mark.parametrize("rate", [0.0, 0.25])
def test_scheduled_sampling_reads_the_model_s_own_words_in_training_only(
    rate: float,
    make_task: MakeTask,
    make_trainer: MakeTrainer,
    data: TranslationDataModule,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = make_task(scheduled_sampling=rate)
    sampled, rates = task.model.sampled, []

    def record(source: Tensor, source_lengths: Tensor, target: Tensor, rate: float, step: None) -> Prediction:
        rates.append(rate)
        return sampled(source, source_lengths, target, rate, step)

    monkeypatch.setattr(task.model, "sampled", record)
    trainer = make_trainer(max_epochs=2, limit_val_batches=0)
    trainer.fit(task, datamodule=data)
    assert rates == ([] if rate == 0 else [rate] * 6)
    assert math.isfinite(trainer.callback_metrics["train/loss"])


def test_bfloat16_is_trained_in_with_a_fused_optimizer_and_clipping(
    make_task: MakeTask, make_trainer: MakeTrainer, data: TranslationDataModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, where torch's layers stay in float32. Lightning alone would refuse to clip for this optimizer."""
    monkeypatch.setattr(encoder, "run_layers", run_as_stored)
    monkeypatch.setattr(encoder, "runs_unpacked", lambda _: False)
    task = make_task(optimizer=partial(torch.optim.Adam, lr=0.02, fused=True))
    losses = []
    for epochs in (1, 12):
        trainer = make_trainer(max_epochs=epochs, precision="bf16-mixed", gradient_clip_val=1.0)
        trainer.fit(task, datamodule=data)
        losses.append(trainer.callback_metrics["val/loss"].item())
    assert losses[1] < 0.7 * losses[0]


def test_weights_are_cast_once_for_a_validation_batch(
    make_task: MakeTask, make_trainer: MakeTrainer, data: TranslationDataModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    casts = []

    def translate(model: Seq2Seq, *read: Any) -> list[Any]:
        vocabulary = model.embeddings.vocabulary
        with torch.profiler.profile() as profiler:
            for _ in range(9):
                vocabulary(torch.zeros(1, vocabulary.in_features))
        casts.append(sum(event.count for event in profiler.key_averages() if event.key == "aten::_to_copy"))
        return []

    monkeypatch.setattr(task_module, "answer", translate)
    task = make_task(judge=lambda answers, stage: {})
    make_trainer(precision="bf16-mixed", inference_mode=False).validate(task, datamodule=data, verbose=False)
    assert casts == [11, 11, 11]  # nine inputs, weight and bias


def test_a_coverage_loss_trains_attention_and_is_logged(
    make_task: MakeTask, make_trainer: MakeTrainer, data: TranslationDataModule
) -> None:
    """Nearly alone, it teaches not to read a position twice."""
    logged = []
    for epochs in (1, 15):
        trainer = make_trainer(max_epochs=epochs, limit_val_batches=0)
        trainer.fit(make_task(loss=TranslationLoss(label_smoothing=0.0, coverage=100.0)), datamodule=data)
        logged.append(trainer.callback_metrics["train/coverage_loss"].item())
    assert 0 < logged[1] < 0.8 * logged[0] < 1


def test_the_logged_coverage_loss_is_the_mean_over_all_tokens(
    make_task: MakeTask, make_trainer: MakeTrainer, data: TranslationDataModule
) -> None:
    """Whatever the batches."""
    task = make_task(optimizer=standing_still, loss=TranslationLoss(label_smoothing=0.0, coverage=1.0))
    trainer = make_trainer(max_epochs=1, limit_val_batches=0)
    trainer.fit(task, datamodule=data)
    total, tokens = 0.0, 0
    for batch in data.train_dataloader():
        for row in range(len(batch.rows)):
            source, read = batch.source[row : row + 1], batch.target[row : row + 1, : batch.target_lengths[row] - 1]
            weights = task.model(source, batch.source_lengths[row : row + 1], read).weights
            assert weights is not None
            tokens += read.shape[1]
            total += coverage_loss(weights, torch.ones_like(read, dtype=torch.bool)).item() * read.shape[1]
    assert trainer.callback_metrics["train/coverage_loss"].item() == pytest.approx(total / tokens, rel=1e-5)


def test_without_a_coverage_loss_none_is_logged(
    make_task: MakeTask, make_trainer: MakeTrainer, data: TranslationDataModule
) -> None:
    trainer = make_trainer(max_epochs=1, limit_val_batches=0)
    trainer.fit(make_task(), datamodule=data)
    assert "train/coverage_loss" not in trainer.callback_metrics


def test_a_coverage_loss_needs_attention(make_task: MakeTask, model: Seq2Seq) -> None:
    model.decoder = NoAttentionDecoder(
        cell=LSTM(), embedding_size=16, hidden_size=32, num_layers=1, dropout=0.0, output_dropout=0.0
    )
    make_task()
    with pytest.raises(
        ConfigError, match=r"attention weights, which this model has not, but it is 1\.0: set loss\.cover"
    ):
        make_task(loss=TranslationLoss(label_smoothing=0.0, coverage=1.0))


class Recorder(Schedule):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: dict[str, int] = {}

    def configure(
        self, optimizer: Optimizer, *, total_steps: int, steps_per_epoch: int, epochs_per_validation: int
    ) -> dict[str, Any]:
        self.told = {"total": total_steps, "epoch": steps_per_epoch, "validation": epochs_per_validation}
        return Constant().configure(
            optimizer, total_steps=1, steps_per_epoch=steps_per_epoch, epochs_per_validation=epochs_per_validation
        )


@pytest.mark.parametrize(
    ("arguments", "total", "epoch", "validation"),
    [
        ({"max_epochs": 2}, 6, 3, 1),
        ({"max_epochs": 2, "accumulate_grad_batches": 2}, 4, 2, 1),  # the second step of an epoch has one batch
        ({"max_epochs": -1, "max_steps": 4}, 4, 3, 1),
        ({"max_epochs": 2, "check_val_every_n_epoch": 2}, 6, 3, 2),
        ({"max_epochs": 2, "limit_train_batches": 2}, 4, 2, 1),
    ],
)
def test_a_schedule_knows_how_long_training_and_epochs_are(
    arguments: dict[str, int],
    total: int,
    epoch: int,
    validation: int,
    make_task: MakeTask,
    make_trainer: MakeTrainer,
    data: TranslationDataModule,
) -> None:
    recorder, trainer = Recorder(), make_trainer(**arguments, limit_val_batches=0)
    trainer.fit(make_task(schedule=recorder), datamodule=data)
    assert recorder.told == {"total": total, "epoch": epoch, "validation": validation}
    assert trainer.global_step == total


def test_a_plateau_waits_for_rare_validations(
    make_task: MakeTask, make_trainer: MakeTrainer, data: TranslationDataModule
) -> None:
    """The loss stands still, so the rate halves at the second and third of three validations."""
    schedule = Plateau(monitor="val/loss", mode="min", factor=0.5, patience=0)
    trainer = make_trainer(max_epochs=6, check_val_every_n_epoch=2)
    task = make_task(
        schedule=schedule,
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=1e-6),
        judge=lambda answers, stage: {"val/loss": 1.0},
    )
    trainer.fit(task, datamodule=data)
    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(0.25e-6)


@pytest.mark.parametrize("rate", [-0.1, 1.1, math.nan])
def test_a_rate_is_a_probability(rate: float, make_task: MakeTask) -> None:
    with pytest.raises(ConfigError, match=r"scheduled_sampling is a probability in \[0, 1\], not"):
        make_task(scheduled_sampling=rate)


def test_a_schedule_needs_an_end(make_task: MakeTask, make_trainer: MakeTrainer, data: TranslationDataModule) -> None:
    with pytest.raises(ConfigError, match=r"set trainer\.max_epochs or trainer\.max_steps to a number"):
        make_trainer(max_epochs=-1).fit(make_task(), datamodule=data)
