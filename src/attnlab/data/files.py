"""Which local files hold which split."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attnlab.errors import DataError

TABLES: Final = (".parquet", ".jsonl", ".json", ".csv", ".tsv")
"""Endings of files with columns."""

SPLIT_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test",),
}
"""What a split is called here, and what others call it."""

_SHARD: Final = re.compile(r"-\d+-of-\d+(-[0-9a-f]+)?$")


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
        if unknown := [split for split in path if split not in SPLIT_NAMES]:
            raise DataError(
                f"data.path by split has {', '.join(SPLIT_NAMES)}, but it has {', '.join(unknown)}: rename these."
            )
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


def missing(path: Path) -> DataError:
    """What is said of a file that is not there."""
    return DataError(f"{path} does not exist (looked for it as {path.absolute()}): mend data.path.")


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
    raise missing(path)


def _in_folder(root: Path, names: Sequence[str], languages: tuple[str, str]) -> SplitFiles | None:
    for folder in (root, root / "data"):
        if not folder.is_dir():
            continue
        for name in names:
            table, texts = _tables(folder, name), _texts(folder, name, languages)
            if table and texts:
                raise _twice(folder, [*table.paths, texts.source])
            if found := table or texts:
                return found
    return None


def _tables(folder: Path, name: str) -> TableFiles | None:
    inside = sorted((folder / name).iterdir()) if (folder / name).is_dir() else []
    beside = [entry for entry in sorted(folder.iterdir()) if _SHARD.sub("", entry.stem) == name]
    paths = tuple(entry for entry in [*beside, *inside] if entry.suffix in TABLES and entry.is_file())
    if len({(entry.parent, entry.suffix) for entry in paths}) > 1:
        raise _twice(folder, paths)
    return TableFiles(paths) if paths else None


def _twice(folder: Path, paths: Sequence[Path]) -> DataError:
    listed = " and ".join(str(path.relative_to(folder)) for path in paths)
    return DataError(f"A split is there once, but {folder} holds {listed}: remove one, or give data.path by split.")


def _texts(folder: Path, name: str, languages: tuple[str, str]) -> ParallelFiles | None:
    source, target = languages
    for stem in (name, f"{name}.{source}-{target}", f"{name}.{target}-{source}"):
        first, second = folder / f"{stem}.{source}", folder / f"{stem}.{target}"
        if first.is_file() or second.is_file():
            return _pair(first, second)
    return None


def _pair(source: Path, target: Path) -> ParallelFiles:
    for absent, there in ((source, target), (target, source)):
        if not absent.is_file():
            raise DataError(
                f"Parallel text takes two files, but {there} has no partner {absent}: add it, or mend "
                "data.source_language and data.target_language."
            )
    return ParallelFiles(source, target)
