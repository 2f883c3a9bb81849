"""The data module under a real trainer."""

from pathlib import Path

import datasets
import lightning
import pytest
import torch
from torch import Tensor, nn

from attnlab.data.batch import Batch
from attnlab.data.bucketing import BatchBudget
from attnlab.data.prepare import PreparedData
from attnlab.text.special import BOS, EOS
from attnlab.text.tokenizer import TokenizerPair
from attnlab.text.trainers import WordTrainer
from attnlab.training.datamodule import TranslationDataModule


@pytest.fixture
def prepared(tmp_path: Path) -> PreparedData:
    rows = [{"source_ids": [4] * (1 + n % 3), "target_ids": [5, 6], "source_words": 1 + n % 3} for n in range(24)]
    split = datasets.Dataset.from_list(rows)
    pair: TokenizerPair = WordTrainer(joint=False, min_frequency=1, max_size=None, lowercase=False).train(["a"], ["b"])
    splits = datasets.DatasetDict({"train": split, "validation": split, "test": split})
    return PreparedData(splits=splits, tokenizers=pair, reports={}, folder=tmp_path)


class Recorder(lightning.LightningModule):
    """Remembers which rows came in which order."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.epochs: list[list[int]] = []
        self.validated: list[int] = []

    def on_train_epoch_start(self) -> None:
        self.epochs.append([])

    def training_step(self, batch: Batch, _: int) -> Tensor:
        self.epochs[-1] += batch.rows.tolist()
        assert (batch.target[:, 0] == BOS).all()
        assert (batch.source.gather(1, batch.source_lengths.unsqueeze(1) - 1) == EOS).all()
        return self.weight * 1.0

    def validation_step(self, batch: Batch, _: int) -> None:
        self.validated += batch.rows.tolist()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.0)


@pytest.fixture
def module(prepared: PreparedData) -> TranslationDataModule:
    budget = BatchBudget(max_sentences=4)
    return TranslationDataModule(prepared, budget=budget, evaluation_budget=BatchBudget(max_sentences=5), seed=1)


@pytest.mark.filterwarnings("ignore:.*does not have many workers.*", "ignore:.*treespec, LeafSpec.*")
def test_every_epoch_has_every_pair_once_in_an_order_of_its_own(module: TranslationDataModule, tmp_path: Path) -> None:
    recorder = Recorder()
    trainer = lightning.Trainer(
        max_epochs=3,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        default_root_dir=tmp_path,
        log_every_n_steps=1,
    )
    trainer.fit(recorder, datamodule=module)
    assert all(sorted(rows) == list(range(24)) for rows in recorder.epochs)
    assert len({tuple(rows) for rows in recorder.epochs}) == 3
    assert sorted(recorder.validated) == sorted(3 * list(range(24)))


def test_the_seed_alone_decides_the_batches_of_training(prepared: PreparedData) -> None:
    budget = BatchBudget(max_sentences=4)
    orders = [
        [
            batch.rows.tolist()
            for batch in TranslationDataModule(
                prepared, budget=budget, evaluation_budget=budget, seed=seed
            ).train_dataloader()
        ]
        for seed in (1, 1, 2)
    ]
    assert orders[0] == orders[1] != orders[2]


def test_evaluation_reads_every_pair_once_from_short_to_long(module: TranslationDataModule) -> None:
    batches = list(module.loader("test"))
    lengths = [length for batch in batches for length in batch.source_lengths.tolist()]
    assert sorted(row for batch in batches for row in batch.rows.tolist()) == list(range(24))
    assert max(len(batch.rows) for batch in batches) == 5
    assert lengths == sorted(lengths)


def test_a_batch_moves_with_all_that_is_in_it(module: TranslationDataModule) -> None:
    batch = next(iter(module.train_dataloader()))
    moved = module.transfer_batch_to_device(batch, torch.device("meta"), 0)
    assert {tensor.device.type for tensor in vars(moved).values()} == {"meta"}
