import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer

from attnlab.experiment.results import Translation, write_translations
from attnlab.study.records import Record, find_records

CONFIG: dict[str, Any] = {
    "model": {
        "embedding_size": 128,
        "hidden_size": 256,
        "cell": {"_target_": "attnlab.seq2seq.cells.LSTM"},
        "network": {
            "embeddings": {"source_vocab_size": 675},
            "encoder": {"memory_size": 256, "cell": {"_target_": "attnlab.seq2seq.cells.LSTM"}},
        },
        "name": "luong_dot",
    },
    "data": {
        "name": "grammar",
        "corpus": {"_target_": "attnlab.data.grammar.corpus.GrammarCorpus", "train_size": 36000, "test_size": 1000},
        "path": None,
        "length": {"buckets": {"short": [1, 9], "long": [10, None]}, "train": None, "test": None},
        "join": 1,
        "scoring": {"tokenize": "none", "lowercase": False},
        "sample": {"seed": 0, "train": None, "test": None},
        "limit": {"train": None, "test": None},
        "train_size": 36000,
        "test_size": 1000,
    },
    "trainer": {"max_epochs": 4, "max_steps": -1, "limit_train_batches": 1.0},
    "callbacks": {"early_stopping": {"patience": 5}},
    "optimizer": {"lr": 0.003},
    "paths": {"run": "outputs/luong_dot/first"},
    "seed": 1,
}
"""The parts of a run's configuration that comparisons look at."""
REFERENCES = {
    "model": {
        "embedding_size": 128,
        "hidden_size": 256,
        "network": {"encoder": {"memory_size": "${model.hidden_size}", "cell": "${model.cell}"}},
    },
    "data": {"corpus": {"train_size": "${data.train_size}", "test_size": "${data.test_size}"}},
}
ENVIRONMENT = {
    "cpu": "AMD EPYC",
    "cpu_count": 2,
    "threads": 2,
    "accelerator": None,
    "precision": "32-true",
    "git": {"commit": "7fcb606b355e034fd65defcbf8696ef545fd10bb", "dirty": False},
}
MakeRun = Callable[..., Path]


def changed(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with other values of dotted keys."""
    copy: dict[str, Any] = deepcopy(dict(values))
    for key, value in changes.items():
        *parents, last = key.split(".")
        node = copy
        for parent in parents:
            node = node[parent]
        node[last] = value
    return copy


def translation(source: str, reference: str, hypothesis: str, gold: str | None) -> Translation:
    """A scored sentence."""
    words, wanted, said = (len(text.split()) for text in (source, reference, hypothesis))
    return Translation(source, reference, hypothesis, -1.0, words, wanted, said, "short", gold)


@pytest.fixture
def drawn() -> Callable[[Axes], dict[str, list[tuple[float, float]]]]:
    """The points of each line with intervals, by its label."""

    def read(axes: Axes) -> dict[str, list[tuple[float, float]]]:
        found = [each for each in axes.containers if isinstance(each, ErrorbarContainer)]
        return {str(each.get_label()): [(x, y) for x, y in np.column_stack(each.lines[0].get_data())] for each in found}

    return read


@pytest.fixture
def make_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeRun:
    """Leaves the files of a finished run in a folder below the working directory."""
    monkeypatch.chdir(tmp_path)

    def make(
        folder: str,
        model: str = "luong_dot",
        seed: int = 1,
        *,
        metrics: Mapping[str, float | None] | None = None,
        config: Mapping[str, Any] | None = None,
        environment: Mapping[str, Any] | None = None,
        composed: bool = False,
        translations: Sequence[tuple[str, str, str]] = (),
        gold: Sequence[str | None] | None = None,
        log: str = "",
    ) -> Path:
        path = Path(folder)
        path.mkdir(parents=True)
        settings = changed(CONFIG, {"model.name": model, "seed": seed, "paths.run": folder, **(config or {})})
        (path / "config.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
        if composed:
            (path / "composed.yaml").write_text(yaml.safe_dump(REFERENCES, sort_keys=False), encoding="utf-8")
        results = {
            "metrics": {"test/sentences": float(len(translations) or 1000), **(metrics or {})},
            "signatures": {"bleu": "nrefs:1|case:mixed"},
            "run": {"model": model, "data": settings["data"]["name"], "seed": seed, "folder": folder},
            "environment": changed(ENVIRONMENT, environment or {}),
        }
        (path / "metrics.json").write_text(json.dumps(results), encoding="utf-8")
        if translations:
            links = [None] * len(translations) if gold is None else gold
            write_translations(
                path, [translation(*texts, gold=one) for texts, one in zip(translations, links, strict=True)]
            )
        if log:
            (path / "train.log").write_text(log, encoding="utf-8")
        return path

    return make


@pytest.fixture
def records(make_run: MakeRun, tmp_path: Path) -> Callable[[], list[Record]]:
    """Reads all runs that were made, in the order of their folders."""

    def read() -> list[Record]:
        return list(find_records([Path()]).records)

    return read
