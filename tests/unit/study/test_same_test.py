import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attnlab.errors import RunError
from attnlab.study.records import Record
from attnlab.study.same_test import check_same_test

MakeRun = Callable[..., Path]
Read = Callable[[], list[Record]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data.name": "multi30k"}, "data is grammar in 0 and multi30k in 1: compare these runs apart, with runs=["),
        ({"data.length.test": [20, None]}, "data.length.test is None in 0 and [20, None] in 1"),
        ({"data.test_size": 500}, "data.test_size is 1000 in 0 and 500 in 1"),
        ({"data.length.buckets": {"short": [1, 5]}}, "data.length.buckets is {'short': [1, 9], 'long': [10, None]} in"),
        ({"data.join": {"test": 3}}, "data.join is 1 in 0 and 3 in 1"),
        ({"data.path": "somewhere/else"}, "data.path is None in 0 and else in 1"),
    ],
)
def test_other_sentences_are_refused(make_run: MakeRun, records: Read, changes: dict[str, Any], message: str) -> None:
    make_run("0")
    make_run("1", "no_attention", config=changes)
    expected = f"all rows are tested on the same sentences in the same way, but {message}"
    with pytest.raises(RunError, match=re.escape(expected)):
        check_same_test(records())


def test_another_number_of_sentences_is_refused(make_run: MakeRun, records: Read) -> None:
    make_run("0")
    make_run("1", metrics={"test/sentences": 999.0})
    with pytest.raises(RunError, match=r"test/sentences is 1,000 in 0 and 999 in 1"):
        check_same_test(records())


def test_another_way_of_scoring_is_refused(make_run: MakeRun, records: Read) -> None:
    make_run("0")
    path = make_run("1") / "metrics.json"
    values = json.loads(path.read_text("utf-8"))
    values["signatures"]["bleu"] = "nrefs:1|case:lc"
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(RunError, match=r"the signature of bleu is nrefs:1\|case:mixed in 0 and nrefs:1\|case:lc in 1"):
        check_same_test(records())


@pytest.mark.parametrize(
    "changes",
    [
        {"data.length.train": [1, 9]},
        {"data.limit.train": 100, "data.train_size": 100, "data.corpus.train_size": 100},
        {"data.sample.seed": 3, "data.sample.train": {"size": 100, "shares": None}},
        {"data.join": {"train": 3}},
        {"data.path": {"train": "elsewhere"}},
        {"model.hidden_size": 8},
    ],
)
def test_other_training_data_are_not(make_run: MakeRun, records: Read, changes: dict[str, Any]) -> None:
    make_run("0")
    make_run("1", config=changes)
    check_same_test(records())


def test_the_seed_of_a_sample_of_the_test_split_matters(make_run: MakeRun, records: Read) -> None:
    sample = {"data.sample.test": {"size": 100, "shares": None}}
    make_run("0", config=sample)
    make_run("1", config={**sample, "data.sample.seed": 3})
    with pytest.raises(RunError, match=r"data.sample.seed is 0 in 0 and 3 in 1"):
        check_same_test(records())


def test_a_corpus_may_lie_elsewhere_on_another_machine(make_run: MakeRun, records: Read) -> None:
    make_run("0", config={"data.path": "../shared/multi30k"})
    make_run("1", config={"data.path": "/data/multi30k"})
    check_same_test(records())
