"""Gold alignments come with the corpus or from a file, and are refused before anything is translated."""

from collections.abc import Callable
from pathlib import Path

import datasets
import pytest
from omegaconf import DictConfig, OmegaConf

from attnlab.data.prepare import PreparedData, SplitReport
from attnlab.errors import DataError
from attnlab.experiment.score import build_alignment_judge
from attnlab.text.trainers import WordTrainer

CONFIG = OmegaConf.create({"data": {"length": {"buckets": {"short": [1, 9]}}}})
ROWS = {"source": ["a b", "c"], "target": ["A", "B C"]}


@pytest.fixture
def prepare(tmp_path: Path) -> Callable[..., PreparedData]:
    def make(*alignment: str) -> PreparedData:
        columns = {**ROWS, "alignment": list(alignment)} if alignment else ROWS
        return PreparedData(
            splits={"test": datasets.Dataset.from_dict(columns)},
            tokenizers=WordTrainer().train(ROWS["source"], ROWS["target"]),
            reports={"test": SplitReport(total=3, kept=2, dropped={"longer than 9 words": 1})},
            folder=tmp_path,
        )

    return make


def sure(config: DictConfig, prepared: PreparedData, file: Path | None = None) -> list[frozenset[tuple[int, int]]]:
    gold = build_alignment_judge(config, prepared, "test", file).gold
    assert gold is not None
    return [one.sure for one in gold]


def test_gold_alignments_come_with_the_corpus(prepare: Callable[..., PreparedData]) -> None:
    assert sure(CONFIG, prepare("0-0 1-0", "")) == [{(0, 0), (1, 0)}, set()]


def test_a_file_takes_their_place(prepare: Callable[..., PreparedData], tmp_path: Path) -> None:
    path = tmp_path / "gold.txt"
    path.write_text("1-0\n0-1 0p0\n")
    assert sure(CONFIG, prepare("0-0 1-0", ""), path) == [{(1, 0)}, {(0, 1)}]
    assert sure(CONFIG, prepare(), path) == [{(1, 0)}, {(0, 1)}]


def test_no_corpus_needs_them(prepare: Callable[..., PreparedData]) -> None:
    assert build_alignment_judge(CONFIG, prepare(), "test").gold is None


def test_a_spoilt_alignment_of_the_corpus_is_named(prepare: Callable[..., PreparedData]) -> None:
    with pytest.raises(DataError, match=r"but the alignment of pair 2 of test holds '0:1': mend it"):
        build_alignment_judge(CONFIG, prepare("0-0", "0:1"), "test")
    with pytest.raises(DataError, match=r"pair 1 of test holds 2-0 for 2 source and 1 target words: count from 0"):
        build_alignment_judge(CONFIG, prepare("2-0", ""), "test")


def test_a_file_of_other_pairs_is_told_what_was_dropped(prepare: Callable[..., PreparedData], tmp_path: Path) -> None:
    path = tmp_path / "gold.txt"
    path.write_text("0-0\n0-0\n0-0\n")
    with pytest.raises(
        DataError, match=r"has 3 lines for 2 pairs \(test: kept 2 of 3: 1 longer than 9 words\): align the same pairs"
    ):
        build_alignment_judge(CONFIG, prepare(), "test", path)
