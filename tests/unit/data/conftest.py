import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import datasets
import pytest

PairSplits = dict[str, Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class ListCorpus:
    """Pairs given by the test, alignments if there are three strings."""

    splits: dict[str, Sequence[tuple[str, ...]]]
    name: str = "list"

    def load(self) -> datasets.DatasetDict:
        return datasets.DatasetDict({split: dataset_of(rows) for split, rows in self.splits.items()})


def dataset_of(rows: Sequence[tuple[str, ...]]) -> datasets.Dataset:
    names = ("source", "target", "alignment")[: len(rows[0]) if rows else 2]
    features = datasets.Features({name: datasets.Value("string") for name in names})
    columns = {name: [row[index] for row in rows] for index, name in enumerate(names)}
    return datasets.Dataset.from_dict(columns, features=features)


@pytest.fixture
def make_dataset() -> Callable[[Sequence[tuple[str, ...]]], datasets.Dataset]:
    """A split out of (source, target) or (source, target, alignment)."""
    return dataset_of


@pytest.fixture
def list_corpus() -> Callable[[dict[str, Sequence[tuple[str, ...]]]], ListCorpus]:
    """A corpus out of such rows by split."""
    return ListCorpus


@pytest.fixture(autouse=True)
def private_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `datasets` keeps of the files it reads goes to a folder of this test."""
    folder = tmp_path_factory.mktemp("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", folder)
    return folder


@pytest.fixture
def write_jsonl() -> Callable[[Path, Sequence[tuple[str, str]]], Path]:
    """Writes English-German pairs as JSON lines."""

    def write(path: Path, rows: Sequence[tuple[str, str]]) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps({"en": en, "de": de}, ensure_ascii=False) + "\n" for en, de in rows]
        path.write_text("".join(lines), encoding="utf-8")
        return path

    return write
