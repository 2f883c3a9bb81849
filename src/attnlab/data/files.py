"""Which local files hold which split, and how they are read without losing or shifting a pair."""

import codecs
import csv
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import datasets

from attnlab.errors import DataError

TABLES: Final = {".parquet": "parquet", ".jsonl": "json", ".json": "json", ".csv": "csv", ".tsv": "csv"}
"""File endings and the `datasets` loader that reads them."""

SPLIT_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test",),
}
"""What a split is called here, and what others call it."""

_SHARD: Final = re.compile(r"-\d+-of-\d+(-[0-9a-f]+)?$")
_CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class TableFiles:
    """One split in files with columns; several if it is cut into shards."""

    paths: tuple[Path, ...]


@dataclass(frozen=True)
class ParallelFiles:
    """One split as two text files whose lines pair up."""

    source: Path
    target: Path


SplitFiles = TableFiles | ParallelFiles


def find_split_files(
    path: str | Mapping[str, str], *, names: Mapping[str, Sequence[str]], languages: tuple[str, str]
) -> dict[str, SplitFiles]:
    """Files of each split that is there.

    Args:
        path: a folder; or a file (or two text files without their language endings), which becomes the train split;
            or one of these for each split.
        names: what each split may be called in a folder.
        languages: file endings of parallel text, source first.

    Raises:
        DataError: something is missing, incomplete, or there twice.
    """
    if isinstance(path, Mapping):
        return {split: _one_split(Path(one).expanduser(), languages) for split, one in path.items()}
    root = Path(path).expanduser()
    if not root.is_dir():
        return {"train": _one_split(root, languages)}
    found = {split: files for split, known in names.items() if (files := _in_folder(root, known, languages))}
    if not found:
        held = ", ".join(sorted(entry.name for entry in root.iterdir())[:10]) or "nothing"
        tried = next(iter(names.values()))[0]
        raise DataError(
            f"A corpus folder holds files named after splits, such as {tried}.jsonl, {tried}.csv, {tried}.parquet, or "
            f"{tried}.{languages[0]} with {tried}.{languages[1]}, but {root} holds {held}: rename them, give "
            "data.splits, or mend data.path."
        )
    return found


def read_parallel(files: ParallelFiles) -> tuple[list[str], list[str]]:
    """Lines of both files. Only a line feed ends a line (a carriage return before it belongs to the ending):
    the other separators that Unicode knows may stand inside a sentence, and splitting there would shift all pairs.

    Raises:
        DataError: a file is missing, a line is not UTF-8, or the files do not pair up.
    """  # noqa: D205
    source, target = _read_lines(files.source), _read_lines(files.target)
    if len(source) != len(target):
        raise DataError(
            f"Line n of the source pairs with line n of the target, but {files.source} has {len(source):,} lines and "
            f"{files.target} has {len(target):,}: find the missing lines."
        )
    return source, target


def check_utf8(path: Path) -> None:
    """Reads a text file once for nothing but its encoding, which the loaders of `datasets` do not report by line.

    Raises:
        DataError: a line is not UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK_BYTES)
            pending = decoder.getstate()[0]
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                raise _not_utf8(path, line + (pending + chunk)[: error.start].count(b"\n")) from error
            if not chunk:
                return
            line += chunk.count(b"\n")


def read_tables(paths: Sequence[Path], text_columns: Sequence[str]) -> datasets.Dataset:
    """All rows of files with columns, as their `datasets` loader sees them.

    Args:
        paths: files of one format.
        text_columns: columns of a CSV file that are text, whatever they look like: "12", "NA" and "null" are words.

    Raises:
        DataError: a file is empty or not what its ending says, or a line is not UTF-8.
    """
    suffix = paths[0].suffix
    options: dict[str, object] = {}
    if TABLES[suffix] == "csv":
        options = {"keep_default_na": False, "converters": dict.fromkeys(text_columns, str)}
    if suffix == ".tsv":
        # Here a quotation mark is only a sign: read as a bracket it would swallow lines up to the next one.
        options |= {"sep": "\t", "quoting": csv.QUOTE_NONE}
    for path in paths:
        if path.stat().st_size == 0:
            raise DataError(f"A split holds at least one pair, but {path} is empty: fill it, or mend data.path.")
        if TABLES[suffix] != "parquet":
            check_utf8(path)
    try:
        with _quiet():
            files = {"train": [str(path) for path in paths]}
            return datasets.load_dataset(TABLES[suffix], data_files=files, split="train", **options)
    except Exception as error:  # pyarrow, pandas and datasets each fail in their own way
        reason = " ".join(str(error.__cause__ or error).split())[:200]
        raise DataError(
            f"{paths[0]} cannot be read as {suffix.removeprefix('.')} ({reason}): mend the file."
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps `datasets` from logging an error that is raised as well."""
    before = datasets.logging.get_verbosity()
    datasets.logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        datasets.logging.set_verbosity(before)


def _read_lines(path: Path) -> list[str]:
    if not path.is_file():
        raise _missing(path)
    content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise _not_utf8(path, content[: error.start].count(b"\n") + 1) from error
    if lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def _one_split(path: Path, languages: tuple[str, str]) -> SplitFiles:
    """A file with columns, or two text files given without their language endings."""
    if path.is_file():
        if path.suffix not in TABLES:
            raise DataError(
                f"A corpus file ends in {', '.join(TABLES)}, but data.path is {path}: for parallel text give the path "
                f"without the language, so that .{languages[0]} and .{languages[1]} can be added, or the folder."
            )
        return TableFiles((path,))
    source, target = (path.with_name(f"{path.name}.{language}") for language in languages)
    if source.is_file() or target.is_file():
        return _pair(source, target)
    raise _missing(path)


def _in_folder(root: Path, names: Sequence[str], languages: tuple[str, str]) -> SplitFiles | None:
    for folder in (root, root / "data"):
        if not folder.is_dir():
            continue
        for name in names:
            found = _tables(folder, name) or _texts(folder, name, languages)
            if found:
                return found
    return None


def _tables(folder: Path, name: str) -> TableFiles | None:
    inside = sorted((folder / name).iterdir()) if (folder / name).is_dir() else []
    beside = [entry for entry in sorted(folder.iterdir()) if _SHARD.sub("", entry.stem) == name]
    paths = tuple(entry for entry in [*beside, *inside] if entry.suffix in TABLES and entry.is_file())
    if len({(entry.parent, entry.suffix) for entry in paths}) > 1:
        listed = " and ".join(str(entry.relative_to(folder)) for entry in paths)
        raise DataError(f"A split is there once, but {folder} holds {listed}: remove one, or give data.path by split.")
    return TableFiles(paths) if paths else None


def _texts(folder: Path, name: str, languages: tuple[str, str]) -> ParallelFiles | None:
    source, target = languages
    for stem in (name, f"{name}.{source}-{target}", f"{name}.{target}-{source}"):
        first, second = folder / f"{stem}.{source}", folder / f"{stem}.{target}"
        if first.is_file() or second.is_file():
            return _pair(first, second)
    return None


def _pair(source: Path, target: Path) -> ParallelFiles:
    for missing, there in ((source, target), (target, source)):
        if not missing.is_file():
            raise DataError(
                f"Parallel text takes two files, but {there} has no partner {missing}: add it, or mend "
                "data.source_language and data.target_language."
            )
    return ParallelFiles(source, target)


def _missing(path: Path) -> DataError:
    return DataError(f"{path} does not exist (looked for it as {path.absolute()}): mend data.path.")


def _not_utf8(path: Path, line: int) -> DataError:
    return DataError(
        f"Text must be UTF-8, but line {line:,} of {path} is not: convert the file, for example with "
        "`iconv -f latin1 -t utf-8`."
    )
