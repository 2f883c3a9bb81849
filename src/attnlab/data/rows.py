"""How files of text become rows one by one, so that no pair is lost or shifted and a fault is refused with its line."""

import codecs
import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from attnlab.data.files import ParallelFiles, missing
from attnlab.errors import DataError

Row = Mapping[str, Any]


def read_parallel(files: ParallelFiles) -> Iterator[tuple[str, str]]:
    """Line n of one file with line n of the other.

    Raises:
        DataError: a file is missing, a line is no text in UTF-8, or the files do not pair up.
    """
    source, target = read_lines(files.source), read_lines(files.target)
    for number, (one, other) in enumerate(zip_longest(source, target), start=1):
        if one is None or other is None:
            rest = number + sum(1 for _ in (target if one is None else source))
            lengths = (number - 1, rest) if one is None else (rest, number - 1)
            raise DataError(
                f"Line n of the source pairs with line n of the target, but {files.source} has {lengths[0]:,} lines "
                f"and {files.target} has {lengths[1]:,}: find the missing lines."
            )
        yield one, other


def read_table(path: Path) -> Iterator[tuple[str, Row]]:
    """Rows of a file with columns in JSON lines, JSON, CSV or tab-separated text, and where each stands in it.

    In tab-separated text a quotation mark is only a sign: read as a bracket it would swallow lines up to the next one.

    Raises:
        DataError: the file is missing or not what its ending says, or a line is no text in UTF-8.
    """
    match path.suffix:
        case ".csv":
            return _read_separated(path, csv.reader(_with_line_feeds(path), strict=True))
        case ".tsv":
            lines = _with_line_feeds(path)
            return _read_separated(path, csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True))
        case _:
            return _read_json(path)


def read_lines(path: Path) -> Iterator[str]:
    """Lines without their ends. Only a line feed ends a line (a carriage return before it belongs to the ending):
    the other separators that Unicode knows may stand inside a sentence, and splitting there would shift all pairs.

    Raises:
        DataError: the file is missing, or a line is no text in UTF-8.
    """  # noqa: D205
    if not path.is_file():
        raise missing(path)
    try:
        opened = path.open("rb")
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): let this user read it.") from error
    with opened as file:
        for number, line in enumerate(file, start=1):
            content = line.removesuffix(b"\n").removesuffix(b"\r")
            try:
                text = (content.removeprefix(codecs.BOM_UTF8) if number == 1 else content).decode()
            except UnicodeDecodeError as error:
                raise not_utf8(path, f"line {number:,}") from error
            if "\0" in text:  # UTF-16 that happens to be UTF-8 as well
                raise not_utf8(path, f"line {number:,}")
            yield text


def not_utf8(path: Path, place: str) -> DataError:
    """What is said of text that is none."""
    return DataError(
        f"Text must be UTF-8, but {place} of {path} is not: convert the file, for example with "
        "`iconv -f latin1 -t utf-8`."
    )


def _with_line_feeds(path: Path) -> Iterator[str]:
    return (f"{line}\n" for line in read_lines(path))


def _read_json(path: Path) -> Iterator[tuple[str, Row]]:
    """Objects, one a line; or one list of them, which is read as a whole."""
    first = next((line.lstrip() for line in read_lines(path) if line.strip()), "")
    if first.startswith("["):
        rows = enumerate(_parse(path, "\n".join(read_lines(path))), start=1)
        places = ((f"entry {number:,}", row) for number, row in rows)
    else:
        lines = enumerate(read_lines(path), start=1)
        places = ((f"line {number:,}", _parse(path, line, number)) for number, line in lines if line.strip())
    for place, row in places:
        if not isinstance(row, dict):
            raise _unreadable(path, f"{place} is no object with columns")
        yield place, row


def _parse(path: Path, text: str, line: int = 1) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _unreadable(path, f"line {line + error.lineno - 1:,}: {error.msg}") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, a thousand brackets
        raise _unreadable(path, f"line {line:,}: {error}") from error


def _read_separated(path: Path, lines: Any) -> Iterator[tuple[str, Row]]:
    header: Sequence[str] = ()
    try:
        for row in lines:
            if not header:
                header = row
                if len(set(header)) < len(header):
                    raise _unreadable(path, f"two columns of line {lines.line_num:,} have the same name")
            elif row and len(row) != len(header):
                raise _unreadable(path, f"expected {len(header)} fields in line {lines.line_num:,}, saw {len(row)}")
            elif row:
                yield f"line {lines.line_num:,}", dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise _unreadable(path, f"line {lines.line_num:,}: {error}") from error


def _unreadable(path: Path, reason: str) -> DataError:
    return DataError(f"{path} cannot be read as {path.suffix.removeprefix('.')} ({reason}): mend the file.")
