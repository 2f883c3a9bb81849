"""Splits are found by their names."""

from pathlib import Path

import pytest

from attnlab.data.files import SPLIT_NAMES, ParallelFiles, TableFiles, find_split_files
from attnlab.errors import DataError

ENGLISH_GERMAN = ("en", "de")


def find(path: str | dict[str, str], **names: str) -> dict[str, TableFiles | ParallelFiles]:
    known = {**SPLIT_NAMES, **{split: (name,) for split, name in names.items()}}
    return find_split_files(path, names=known, languages=ENGLISH_GERMAN)


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x\n")
    return folder


@pytest.mark.parametrize("suffix", ["jsonl", "json", "csv", "tsv", "parquet"])
@pytest.mark.parametrize("validation", ["validation", "valid", "val", "dev"])
def test_tables_are_found_by_usual_names(tmp_path: Path, suffix: str, validation: str) -> None:
    touch(tmp_path, f"train.{suffix}", f"{validation}.{suffix}", f"test.{suffix}", "README.md", "test_2017.csv")
    assert find(str(tmp_path)) == {
        "train": TableFiles((tmp_path / f"train.{suffix}",)),
        "validation": TableFiles((tmp_path / f"{validation}.{suffix}",)),
        "test": TableFiles((tmp_path / f"test.{suffix}",)),
    }


@pytest.mark.parametrize(
    "names",
    [
        ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"],
        ["train-00000-of-00002-0a1b.parquet", "train-00001-of-00002-0a1b.parquet"],
        ["train/0000.parquet", "train/0001.parquet"],
    ],
)
def test_the_shards_of_a_hub_repository_belong_together(tmp_path: Path, names: list[str]) -> None:
    touch(tmp_path, *names)
    assert find(str(tmp_path)) == {"train": TableFiles(tuple(tmp_path / name for name in names))}


@pytest.mark.parametrize("stem", ["valid", "valid.en-de", "valid.de-en"])
def test_parallel_text_is_found_by_usual_names(tmp_path: Path, stem: str) -> None:
    touch(tmp_path, f"{stem}.en", f"{stem}.de")
    assert find(str(tmp_path)) == {"validation": ParallelFiles(tmp_path / f"{stem}.en", tmp_path / f"{stem}.de")}


def test_a_split_can_be_named(tmp_path: Path) -> None:
    touch(tmp_path, "test.jsonl", "test_2017.jsonl", "newstest2013.en", "newstest2013.de")
    assert find(str(tmp_path), test="test_2017", validation="newstest2013") == {
        "test": TableFiles((tmp_path / "test_2017.jsonl",)),
        "validation": ParallelFiles(tmp_path / "newstest2013.en", tmp_path / "newstest2013.de"),
    }


def test_a_file_is_the_train_split(tmp_path: Path) -> None:
    touch(tmp_path, "all.csv")
    assert find(str(tmp_path / "all.csv")) == {"train": TableFiles((tmp_path / "all.csv",))}


def test_two_text_files_are_given_without_their_endings(tmp_path: Path) -> None:
    touch(tmp_path, "news.v9.en", "news.v9.de")
    assert find(str(tmp_path / "news.v9")) == {"train": ParallelFiles(tmp_path / "news.v9.en", tmp_path / "news.v9.de")}


def test_each_split_may_have_its_own_path(tmp_path: Path) -> None:
    touch(tmp_path, "a.csv", "b.en", "b.de")
    assert find({"train": str(tmp_path / "a.csv"), "test": str(tmp_path / "b")}) == {
        "train": TableFiles((tmp_path / "a.csv",)),
        "test": ParallelFiles(tmp_path / "b.en", tmp_path / "b.de"),
    }


def test_a_split_of_another_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"by split has train, validation, test, but it has valid, dev: rename these"):
        find({"train": str(tmp_path / "a.csv"), "valid": "b.csv", "dev": "c.csv"})


@pytest.mark.parametrize(
    ("there", "asked", "message"),
    [
        (
            ["b.csv", "a.txt"],
            "",
            r"such as train.jsonl, .* or train.en with train.de, but .* holds a.txt, b.csv: rename",
        ),
        ([], "", r"but .* holds nothing: rename them, give data.splits, or mend data.path"),
        (["a.csv"], "b.csv", r"b.csv does not exist \(looked for it as /.*b.csv\): mend data.path"),
        (
            ["train.en"],
            "",
            r"takes two files, but .*train.en has no partner .*train.de: add it, or mend data.source_lan",
        ),
        (["train.de"], "", r"takes two files, but .*train.de has no partner .*train.en: add it"),
        (["a.en"], "a", r"takes two files, but .*a.en has no partner .*a.de: add it"),
        (["a.txt"], "a.txt", r"ends in .parquet, .jsonl, .* but data.path is .*a.txt: for parallel text give the path"),
        (["train.csv", "train.jsonl"], "", r"there once, but .* holds train.csv and train.jsonl: remove one"),
        (["train.csv", "train.en", "train.de"], "", r"there once, but .* holds train.csv and train.en: remove one"),
        (["train.csv", "train/0.csv"], "", r"there once, but .* holds train.csv and train/0.csv: remove one"),
    ],
)
def test_what_is_missing_or_ambiguous_is_named(tmp_path: Path, there: list[str], asked: str, message: str) -> None:
    touch(tmp_path, *there)
    with pytest.raises(DataError, match=message) as caught:
        find(str(tmp_path / asked))
    assert "\n" not in str(caught.value)
