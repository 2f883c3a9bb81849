"""The data module under a real trainer."""

import datasets
import lightning
import pytest
import torch
from torch import nn

from attnlab.data.bucketing import BatchBudget
from attnlab.data.prepare import PreparedData
from attnlab.text.special import BOS, EOS
from attnlab.text.tokenizer import TokenizerPair
from attnlab.text.trainers import WordTrainer
from attnlab.training.datamodule import TranslationDataModule


@pytest.fixture
def prepared(tmp_path) -> PreparedData:
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

    def on_train_epoch_start(self) -> None:
        self.epochs.append([])

    def training_step(self, batch, _):
        self.epochs[-1] += batch.rows.tolist()
        assert (batch.target[:, 0] == BOS).all()
        assert (batch.source.gather(1, batch.source_lengths.unsqueeze(1) - 1) == EOS).all()
        return self.weight * 1.0

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.0)


@pytest.mark.filterwarnings("ignore:.*does not have many workers.*", "ignore:.*treespec, LeafSpec.*")
def test_every_epoch_has_every_pair_once_in_an_order_of_its_own(prepared, tmp_path) -> None:
    budget = BatchBudget(max_sentences=4)
    module = TranslationDataModule(prepared, budget=budget, evaluation_budget=budget, seed=1)
    recorder = Recorder()
    trainer = lightning.Trainer(
        max_epochs=3,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        default_root_dir=tmp_path,
        log_every_n_steps=1,
    )
    trainer.fit(recorder, datamodule=module)
    assert all(sorted(rows) == list(range(24)) for rows in recorder.epochs)
    assert len({tuple(rows) for rows in recorder.epochs}) == 3
