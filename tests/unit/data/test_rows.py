"""Reading files of text never loses, splits or shifts a pair, and a fault is refused with its line."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from attnlab.data.files import ParallelFiles
from attnlab.data.rows import read_parallel, read_table
from attnlab.errors import DataError


def parallel(folder: Path, english: bytes, german: bytes) -> ParallelFiles:
    (folder / "train.en").write_bytes(english)
    (folder / "train.de").write_bytes(german)
    return ParallelFiles(folder / "train.en", folder / "train.de")


def sides(files: ParallelFiles) -> list[list[str]]:
    return [list(side) for side in zip(*read_parallel(files), strict=True)]


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    english = "a\u2028b\nc\x85d\ne\x1cf\x0bg\x0ch\ni\rj\n"
    german = "1\n2\n3\n4\n"
    source, target = sides(parallel(tmp_path, english.encode(), german.encode()))
    assert source == ["a\u2028b", "c\x85d", "e\x1cf\x0bg\x0ch", "i\rj"]
    assert target == ["1", "2", "3", "4"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_line_endings_and_byte_order_marks_are_no_text(tmp_path: Path, ending: str, last: bool) -> None:
    english = "\ufeff" + ending.join(["a", "", "b"]) + (ending if last else "")
    source, target = sides(parallel(tmp_path, english.encode(), b"1\n2\n3"))
    assert source == ["a", "", "b"]
    assert target == ["1", "2", "3"]


def test_files_of_different_length_are_refused(tmp_path: Path) -> None:
    files = parallel(tmp_path, b"a\nb\nc\n", b"1\n2\n")
    message = r"but .*train.en has 3 lines and .*train.de has 2: find the missing lines"
    with pytest.raises(DataError, match=message):
        sides(files)


def test_an_empty_line_at_the_end_counts(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train.en has 3 lines and .*train.de has 2"):
        sides(parallel(tmp_path, b"a\nb\n\n", b"1\n2\n"))


def test_a_file_that_vanished_is_named(tmp_path: Path) -> None:
    files = parallel(tmp_path, b"a\n", b"1\n")
    files.target.unlink()
    with pytest.raises(DataError, match=r"train.de does not exist \(looked for it as .*\): mend data.path"):
        sides(files)


def test_a_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    files = parallel(tmp_path, b"a\nb\n", "1\nzwölf\n".encode("latin1"))
    message = r"must be UTF-8, but line 2 of .*train.de is not: convert the file, .*iconv"
    with pytest.raises(DataError, match=message):
        sides(files)


@pytest.mark.parametrize("tail", [b"\xc3", b"\xe2\x82", b"\xff"])
def test_a_character_cut_off_at_the_end_is_broken(tmp_path: Path, tail: bytes) -> None:
    (tmp_path / "train.csv").write_bytes(b"a\nb\n" + tail)
    with pytest.raises(DataError, match=r"line 3 of .*train.csv is not"):
        list(read_table(tmp_path / "train.csv"))


def columns(path: Path) -> dict[str, list[object]]:
    rows = [row for _, row in read_table(path)]
    return {name: [row[name] for row in rows] for name in rows[0]}


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
        ("train.jsonl", b'{"en": "a"}\n\n{"en"', r"train.jsonl cannot be read as jsonl \(line 3: .*\): mend the file"),
        ("train.jsonl", b'{"en": "a"}\n[1]\n', r"cannot be read as jsonl \(line 2 is no object with columns\): mend"),
        ("train.jsonl", b'{"en": ' + b"[" * 9999, r"train.jsonl cannot be read as jsonl \(line 1: .*\): mend the file"),
        (
            "train.jsonl",
            b'{"en": ' + b"1" * 9999 + b"}",
            r"cannot be read as jsonl \(line 1: .*digits.*\): mend the fi",
        ),
        ("train.json", b'[{"en": "a"},\n{"en": }]', r"train.json cannot be read as json \(line 2: .*\): mend the file"),
        ("train.json", b'[{"en": "a"},\n"b"]', r"cannot be read as json \(entry 2 is no object with columns\): mend"),
        ("train.csv", b"en,de\na,b\nc,d,e\n", r"read as csv \(expected 2 fields in line 3, saw 3\): mend the file"),
        ("train.csv", b"en,de\na,b\nc\n", r"read as csv \(expected 2 fields in line 3, saw 1\): mend the file"),
        (
            "train.csv",
            b'en,de\n"a,b\nc,d\n',
            r"cannot be read as csv \(line 3: unexpected end of data\): mend the file",
        ),
        ("train.csv", b'en,de\n"a"b,c\n', r"cannot be read as csv \(line 2: ',' expected after '\"'\): mend the file"),
        ("train.csv", b"en,de\na,b\rc,d\n", r"cannot be read as csv \(line 2: new-line character .*\): mend the file"),
        ("train.csv", b"en,en\na,b\n", r"as csv \(two columns of line 1 have the same name\): mend the file"),
        ("train.tsv", b"en\tde\na\n", r"cannot be read as tsv \(expected 2 fields in line 2, saw 1\): mend the file"),
        ("train.jsonl", b'{"en": "z\xf6"}\n', r"must be UTF-8, but line 1 of .*train.jsonl is not: convert"),
        ("train.csv", b"en,de\na,b\nc,\xf6\n", r"must be UTF-8, but line 3 of .*train.csv is not: convert"),
        ("train.csv", "en,de\na,b\n".encode("utf-16-le"), r"must be UTF-8, but line 1 of .*train.csv is not: convert"),
    ],
)
def test_broken_tables_are_refused_in_one_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        list(read_table(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "train.csv").write_text("en,de\n")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"train.csv cannot be read \(Permission denied\): let this user read it"):
        list(read_table(tmp_path / "train.csv"))
