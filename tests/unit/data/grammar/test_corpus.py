"""The corpus as a dataset: splits, directions, cache and refusals."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attnlab.data.grammar import corpus as module
from attnlab.data.grammar.corpus import GrammarCorpus
from attnlab.data.grammar.sampling import key
from attnlab.errors import ConfigError

Build = Callable[..., GrammarCorpus]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    def make(**changes: Any) -> GrammarCorpus:
        settings: dict[str, Any] = {
            "seed": 1,
            "train_size": 40,
            "validation_size": 10,
            "test_size": 10,
            "lengths": {"minimum": 3, "maximum": 40, "mean": 13},
            "cache_dir": tmp_path / "cache",
        }
        return GrammarCorpus(**(settings | changes))

    return make


def test_splits_have_their_sizes_and_share_no_source(build: Build) -> None:
    splits = build(lengths={"3": 1}).load()
    assert {name: split.num_rows for name, split in splits.items()} == {"train": 40, "validation": 10, "test": 10}
    assert splits["train"].column_names == ["source", "target", "alignment"]
    sources = {name: [key(source) for source in list(split["source"])] for name, split in splits.items()}
    assert len(set(sources["validation"])) == 10
    assert len(set(sources["test"])) == 10
    assert not set(sources["train"]) & (set(sources["validation"]) | set(sources["test"]))
    assert not set(sources["validation"]) & set(sources["test"])


def test_a_corpus_is_the_same_in_another_cache(build: Build, tmp_path: Path) -> None:
    first, second = build().load(), build(cache_dir=tmp_path / "other").load()
    for split in ("train", "validation", "test"):
        assert first[split].to_dict() == second[split].to_dict()


def test_the_second_load_does_not_build_again(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build().load()["test"].to_dict()
    monkeypatch.setattr(module, "sample_pairs", None)
    assert build().load()["test"].to_dict() == first


def test_a_changed_setting_never_meets_an_old_cache(build: Build) -> None:
    prints = {
        build(**change).fingerprint
        for change in ({}, {"seed": 2}, {"train_size": 41}, {"lengths": {"3-9": 1}},
                       {"source_language": "de", "target_language": "en"})
    }  # fmt: skip
    assert len(prints) == 5
    assert build().fingerprint == build().fingerprint


def test_no_half_built_folder_is_left_behind(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**settings: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "sample_pairs", fail)
    with pytest.raises(KeyboardInterrupt):
        build().load()
    assert list((tmp_path / "cache").iterdir()) == []


def test_german_can_be_the_source(build: Build, links: Callable[[str], set[tuple[int, int]]]) -> None:
    splits = build(source_language="de", target_language="en", train_size=10, validation_size=2, test_size=2).load()
    row = splits["train"][0]
    assert set(row["source"].split()) & {"der", "die", "das", "den", "dem", "ein", "eine"} or "the" in row["target"]
    assert all(i < len(row["source"].split()) for i, _ in links(row["alignment"]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source_language": "fr"}, "no pair fr-de"),
        ({"target_language": "en"}, "no pair en-en"),
        ({"test_size": 0}, "test_size is 0"),
        ({"lengths": {"3-300": 1}}, "3 to 300 words"),
    ],
)
def test_what_cannot_be_built_is_refused(build: Build, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(**changes)


def test_an_unwritable_cache_is_named(build: Build, tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        build(cache_dir=blocker / "cache").load()
