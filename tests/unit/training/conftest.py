"""Eight sentence pairs, a small model and a trainer that leaves nothing behind."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import datasets
import lightning
import pytest
import torch

from attnlab.attention.attend import Attention
from attnlab.attention.general import General
from attnlab.attention.normalizers.softmax import Softmax
from attnlab.attention.windows.whole import Whole
from attnlab.data.lengths import LengthBuckets
from attnlab.data.prepare import PreparedData
from attnlab.decoding.greedy import Greedy
from attnlab.decoding.limits import LengthLimit
from attnlab.evaluation.answer import Answer
from attnlab.evaluation.judge import SplitJudge
from attnlab.evaluation.scores import TextScores
from attnlab.seq2seq.bridge import Copy
from attnlab.seq2seq.cells import LSTM
from attnlab.seq2seq.embeddings import Embeddings
from attnlab.seq2seq.encoder import Encoder
from attnlab.seq2seq.luong import LuongDecoder
from attnlab.seq2seq.merge import Attentional
from attnlab.seq2seq.model import Seq2Seq
from attnlab.text.trainers import WordTrainer
from attnlab.training.loss import TranslationLoss
from attnlab.training.schedule import Constant
from attnlab.training.task import TranslationTask

PAIRS = [
    ("the dog sleeps", "der hund schläft"),
    ("the cat sleeps", "die katze schläft"),
    ("a dog sees the cat", "ein hund sieht die katze"),
    ("a cat sees the dog", "eine katze sieht den hund"),
    ("the dog that sleeps sees a cat", "der hund der schläft sieht eine katze"),
    ("she sleeps", "sie schläft"),
    ("she sees the dog", "sie sieht den hund"),
    ("dogs sleep", "hunde schlafen"),
]


@pytest.fixture
def prepared(tmp_path: Path) -> PreparedData:
    """The same eight pairs as training, validation and test split."""
    sources, targets = zip(*PAIRS, strict=True)
    pair = WordTrainer().train(sources, targets)
    split = datasets.Dataset.from_list(
        [
            {
                "source": source,
                "target": target,
                "source_ids": pair.source.encode_batch([source])[0],
                "target_ids": pair.target.encode_batch([target])[0],
                "source_words": len(source.split()),
            }
            for source, target in PAIRS
        ]
    )
    splits = {"train": split, "validation": split, "test": split}
    return PreparedData(splits=splits, tokenizers=pair, reports={}, folder=tmp_path)


@pytest.fixture
def model(prepared: PreparedData) -> Seq2Seq:
    """luong_general with input feeding, hidden size 32."""
    torch.manual_seed(0)
    return Seq2Seq(
        embeddings=Embeddings(
            source_vocab_size=prepared.tokenizers.source.vocab_size,
            target_vocab_size=prepared.tokenizers.target.vocab_size,
            embedding_size=16,
            output_size=32,
            dropout=0.0,
            tie_output=True,
            tie_sides=False,
        ),
        encoder=Encoder(cell=LSTM(), embedding_size=16, memory_size=32, num_layers=1, bidirectional=True, dropout=0.0),
        bridge=Copy(memory_size=32, hidden_size=32, num_layers=1),
        decoder=LuongDecoder(
            attention=Attention(scoring=General(32, 32), normalizer=Softmax(1.0), window=Whole()),
            merge=Attentional(32, 32),
            cell=LSTM(),
            embedding_size=16,
            hidden_size=32,
            num_layers=1,
            input_feeding=True,
            dropout=0.0,
            output_dropout=0.0,
        ),
    )


@pytest.fixture
def judge(prepared: PreparedData) -> Callable[[Sequence[Answer], str], dict[str, float]]:
    """Scores the eight pairs."""
    rows = prepared.splits["validation"]
    return SplitJudge(
        references=list(rows["target"]),
        source_lengths=list(rows["source_words"]),
        tokenizer=prepared.tokenizers.target,
        buckets=LengthBuckets({"short": [1, 3], "long": [4, None]}),
        fine=LengthBuckets.fine(step=2, maximum=6),
        scores=TextScores(tokenize="none", lowercase=False),
    )


@pytest.fixture
def make_task(
    model: Seq2Seq, judge: Callable[[Sequence[Answer], str], dict[str, float]]
) -> Callable[..., TranslationTask]:
    """A task in which everything but what the test names is plain."""

    def make(**changes: Any) -> TranslationTask:
        limit = LengthLimit(ratio=2.0, extra=3, maximum=20)
        parts: dict[str, Any] = {
            "loss": TranslationLoss(label_smoothing=0.0, coverage=0.0),
            "optimizer": lambda parameters: torch.optim.Adam(parameters, lr=0.02),
            "schedule": Constant(),
            "search": Greedy(length_limit=limit),
            "judge": judge,
            "scheduled_sampling": 0.0,
            "step": None,
        }
        return TranslationTask(model, **parts | changes)

    return make


@pytest.fixture
def make_trainer(tmp_path: Path) -> Callable[..., lightning.Trainer]:
    """A trainer on the CPU that writes nothing."""

    def make(**arguments: Any) -> lightning.Trainer:
        defaults: dict[str, Any] = {
            "accelerator": "cpu",
            "logger": False,
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "use_distributed_sampler": False,
            "num_sanity_val_steps": 0,
            "log_every_n_steps": 1,
            "default_root_dir": tmp_path,
        }
        return lightning.Trainer(**defaults | arguments)

    return make
