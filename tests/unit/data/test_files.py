"""Splits are found by their names, and reading them never loses, splits or shifts a pair."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from attnlab.data.files import (
    SPLIT_NAMES,
    ParallelFiles,
    TableFiles,
    check_utf8,
    find_split_files,
    read_parallel,
    read_tables,
)
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


def parallel(folder: Path, english: bytes, german: bytes) -> ParallelFiles:
    (folder / "train.en").write_bytes(english)
    (folder / "train.de").write_bytes(german)
    return ParallelFiles(folder / "train.en", folder / "train.de")


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
        (["train.csv", "train/0.csv"], "", r"there once, but .* holds train.csv and train/0.csv: remove one"),
    ],
)
def test_what_is_missing_or_ambiguous_is_named(tmp_path: Path, there: list[str], asked: str, message: str) -> None:
    touch(tmp_path, *there)
    with pytest.raises(DataError, match=message) as caught:
        find(str(tmp_path / asked))
    assert "\n" not in str(caught.value)


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    english = "a\u2028b\nc\x85d\ne\x1cf\x0bg\x0ch\ni\rj\n"
    german = "1\n2\n3\n4\n"
    source, target = read_parallel(parallel(tmp_path, english.encode(), german.encode()))
    assert source == ["a\u2028b", "c\x85d", "e\x1cf\x0bg\x0ch", "i\rj"]
    assert target == ["1", "2", "3", "4"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_line_endings_and_byte_order_marks_are_no_text(tmp_path: Path, ending: str, last: bool) -> None:
    english = "\ufeff" + ending.join(["a", "", "b"]) + (ending if last else "")
    source, target = read_parallel(parallel(tmp_path, english.encode(), b"1\n2\n3"))
    assert source == ["a", "", "b"]
    assert target == ["1", "2", "3"]


def test_files_of_different_length_are_refused(tmp_path: Path) -> None:
    files = parallel(tmp_path, b"a\nb\nc\n", b"1\n2\n")
    message = r"but .*train.en has 3 lines and .*train.de has 2: find the missing lines"
    with pytest.raises(DataError, match=message):
        read_parallel(files)


def test_an_empty_line_at_the_end_counts(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train.en has 3 lines and .*train.de has 2"):
        read_parallel(parallel(tmp_path, b"a\nb\n\n", b"1\n2\n"))


def test_a_file_that_vanished_is_named(tmp_path: Path) -> None:
    files = parallel(tmp_path, b"a\n", b"1\n")
    files.target.unlink()
    with pytest.raises(DataError, match=r"train.de does not exist \(looked for it as .*\): mend data.path"):
        read_parallel(files)


def test_a_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    files = parallel(tmp_path, b"a\nb\n", "1\nzwölf\n".encode("latin1"))
    message = r"must be UTF-8, but line 2 of .*train.de is not: convert the file, .*iconv"
    with pytest.raises(DataError, match=message):
        read_parallel(files)


@pytest.mark.parametrize("position", [0, 5, (1 << 20) - 1, (1 << 20), (1 << 20) + 7, 2 * (1 << 20)])
def test_a_broken_character_is_found_wherever_it_stands(tmp_path: Path, position: int) -> None:
    content = bytearray(b"abc\n" * ((1 << 19) + 10))
    content[position] = 0xFF
    path = tmp_path / "train.csv"
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=rf"line {position // 4 + 1:,} of .*train.csv is not: convert the file"):
        check_utf8(path)


@pytest.mark.parametrize("tail", [b"\xc3", b"\xe2\x82"])
def test_a_character_cut_off_at_the_end_is_broken(tmp_path: Path, tail: bytes) -> None:
    (tmp_path / "train.csv").write_bytes(b"a\nb\n" + tail)
    with pytest.raises(DataError, match=r"line 3 of .*train.csv is not"):
        check_utf8(tmp_path / "train.csv")


def test_characters_across_chunks_are_whole(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("x" + "€" * (1 << 19))
    check_utf8(tmp_path / "train.csv")


def columns(path: Path) -> dict[str, list[str | None]]:
    dataset = read_tables([path], ["en", "de"])
    return {name: list(dataset[name]) for name in dataset.column_names}


def test_words_in_a_csv_file_stay_words(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text('en,de\n12,007\nnull,NA\nnan,"ein ""Wort"", ja"\nTrue,1e5\n')
    assert columns(path) == {"en": ["12", "null", "nan", "True"], "de": ["007", "NA", 'ein "Wort", ja', "1e5"]}


def test_quotation_marks_in_tab_separated_text_are_only_signs(tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text('en\tde\n"a b\t"eins\nc"\tdrei\n')
    assert columns(path) == {"en": ['"a b', 'c"'], "de": ['"eins', "drei"]}


def test_separators_inside_json_lines_are_text(
    tmp_path: Path, write_jsonl: Callable[[Path, Sequence[tuple[str, str]]], Path]
) -> None:
    rows = [("a\u2028b", "1"), ("c\x85d", "2"), ("e\x1cf", "3"), ("g\nh", "4")]
    path = write_jsonl(tmp_path / "train.jsonl", rows)
    assert columns(path) == {"en": [row[0] for row in rows], "de": [row[1] for row in rows]}


def test_json_may_be_one_list_and_have_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    path.write_text("\ufeff" + json.dumps([{"en": "a", "de": "b"}]))
    assert columns(path) == {"en": ["a"], "de": ["b"]}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train.jsonl", b"", r"at least one pair, but .*train.jsonl is empty: fill it, or mend data.path"),
        ("train.jsonl", b'{"en": "a"}\n{"en"', r"train.jsonl cannot be read as jsonl \(.*\): mend the file"),
        ("train.csv", b"en,de\na,b\nc,d,e\n", r"train.csv cannot be read as csv \(.* line 3, saw 3\): mend the file"),
        ("train.parquet", b"PAR1", r"train.parquet cannot be read as parquet \(.*\): mend the file"),
        ("train.jsonl", b'{"en": "z\xf6"}\n', r"must be UTF-8, but line 1 of .*train.jsonl is not: convert"),
        ("train.csv", b"en,de\na,b\nc,\xf6\n", r"must be UTF-8, but line 3 of .*train.csv is not: convert"),
    ],
)
def test_broken_tables_are_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_tables([tmp_path / name], ["en", "de"])
    assert "\n" not in str(caught.value)
    assert "Failed to" not in capfd.readouterr().err
