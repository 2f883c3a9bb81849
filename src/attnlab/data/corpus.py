"""Where sentence pairs come from: the hub, local files with columns, or parallel text, read in one way."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import datasets
import numpy as np

from attnlab.data.columns import no_column, read_parquet, read_saved, take_columns
from attnlab.data.files import SPLIT_NAMES, ParallelFiles, SplitFiles, find_split_files
from attnlab.data.hub import load_from_hub
from attnlab.data.progress import hide_progress_in_logs
from attnlab.data.rows import Row, not_utf8, read_parallel, read_table
from attnlab.data.storage import cached_rows
from attnlab.errors import ConfigError, DataError

RUN = 20
"""Neighbouring pairs that a cut takes together, so that `data.join` still finds natural text."""


@runtime_checkable
class Corpus(Protocol):
    """Sentence pairs by split."""

    @property
    def name(self) -> str:
        """What tables and runs call it."""
        ...

    def load(self) -> datasets.DatasetDict:
        """Splits train, validation and test with the text columns `source` and `target`, and where it is known
        `alignment`: pairs of word positions "0-0 1-2", source first, over `source.split()` and `target.split()`.
        """  # noqa: D205
        ...


@dataclass(frozen=True, kw_only=True)
class TranslationCorpus:
    """Pairs from a hub dataset, a local folder, files with columns, or parallel text, in either direction.

    Args:
        name: what tables and runs call it.
        path: hub name; or folder (see `find_split_files`); or file; or two text files without their language endings;
            or one of the last two for each split.
        source_language: column, key of the `translation` column, or file ending.
        target_language: the same for the target.
        config_name: configuration of a hub dataset; for a folder the subfolder to read, if there is one.
        data_dir: folder inside a hub repository; for a local folder the subfolder to read, if there is one.
        revision: commit, branch or tag of a hub repository.
        source_column: text column, if it is not called like the language.
        target_column: the same for the target.
        alignment_column: word alignments as "0-0 1-2", source first in the direction asked for; None for none.
        splits: what train, validation and test are called there; None for a usual name.
        validation_size: pairs cut from train where no validation split is there.
        test_size: pairs cut from train where no test split is there.

    Raises:
        ConfigError: on `load`, no path, or the same language twice.
        DataError: on `load`, whatever is missing, unreadable or ambiguous.
    """

    name: str
    source_language: str
    target_language: str
    path: str | Mapping[str, str] | None = None
    config_name: str | None = None
    data_dir: str | None = None
    revision: str | None = None
    source_column: str | None = None
    target_column: str | None = None
    alignment_column: str | None = None
    splits: Mapping[str, str | None] = field(default_factory=dict)
    validation_size: int | None = None
    test_size: int | None = None

    def load(self) -> datasets.DatasetDict:
        """Splits with the columns `source`, `target` and, if asked for, `alignment`; a split nobody has is left out."""
        if self.path is None:
            raise ConfigError(
                f"The corpus {self.name} lies in files of your own, but data.path is null: give data.path=<folder>."
            )
        if self.source_language == self.target_language:
            raise ConfigError(
                f"Source and target are two languages, but data.source_language and data.target_language are both "
                f"{self.source_language}: change one."
            )
        hide_progress_in_logs()
        try:
            splits = self._load_splits()
        except OSError as error:
            raise DataError(f"{self.path} cannot be read ({error.strerror or error}): mend data.path.") from error
        return datasets.DatasetDict(self._cut(splits))

    def _load_splits(self) -> dict[str, datasets.Dataset]:
        chosen = {split: (name,) for split, name in self.splits.items() if name is not None}
        names = {**SPLIT_NAMES, **chosen}
        if isinstance(self.path, str) and not _is_local(self.path):
            there = load_from_hub(
                self.path, config_name=self.config_name, data_dir=self.data_dir, revision=self.revision
            )
            return self._named(there, names)
        path = self._subfolder()
        if isinstance(path, str) and (Path(path).expanduser() / "dataset_dict.json").is_file():
            return self._named(read_saved(Path(path).expanduser()), names)
        found = find_split_files(path, names=names, languages=(self.source_language, self.target_language))
        return {split: self._read(split, files) for split, files in found.items()}

    def _subfolder(self) -> str | Mapping[str, str]:
        assert self.path is not None
        for inner in (self.data_dir, self.config_name):
            if inner is not None and isinstance(self.path, str) and (Path(self.path).expanduser() / inner).is_dir():
                return str(Path(self.path) / inner)
        return self.path

    def _named(
        self, there: Mapping[str, datasets.Dataset], names: Mapping[str, tuple[str, ...]]
    ) -> dict[str, datasets.Dataset]:
        """Renames splits to ours."""
        for split, name in self.splits.items():
            if name is not None and name not in there:
                raise DataError(
                    f"{self.path} has the splits {', '.join(there)}, but data.splits.{split} is {name}: choose one of "
                    "them."
                )
        found = {split: next((name for name in known if name in there), None) for split, known in names.items()}
        return {split: self._columns(split, there[name]) for split, name in found.items() if name is not None}

    def _read(self, split: str, files: SplitFiles) -> datasets.Dataset:
        if isinstance(files, ParallelFiles):
            for key in ("source_column", "target_column", "alignment_column"):
                if getattr(self, key) is not None:
                    raise ConfigError(
                        f"Parallel text has no columns, but split {split} lies in {files.source} and data.{key} is "
                        "set: leave it out, or give a file with columns (evaluate.py takes gold alignments as "
                        "alignment_file=FILE)."
                    )
            return cached_rows([files.source, files.target], ("source", "target"), read_parallel(files), how="parallel")
        for path in files.paths:
            if path.stat().st_size == 0:
                raise DataError(f"A split holds at least one pair, but {path} is empty: fill it, or mend data.path.")
        if files.paths[0].suffix == ".parquet":
            return self._columns(split, read_parquet(files.paths))
        asked, how = self._asked(), repr((self._asked(), self._nested()))
        return cached_rows(files.paths, list(asked), self._rows(split, files.paths), how=how)

    def _rows(self, split: str, paths: Sequence[Path]) -> Iterator[list[str]]:
        """The columns that are asked for of each row, null as empty text."""
        there: dict[str, None] = {}
        for path in paths:
            for place, whole in read_table(path):
                inner = whole.get("translation") if self._nested() else None
                row = {**whole, **inner} if isinstance(inner, dict) else whole
                there |= dict.fromkeys(row)
                yield [self._text(path, place, row, ours, theirs) for ours, theirs in self._asked().items()]
        if not there:
            raise DataError(f"A split holds at least one pair, but {paths[0]} has no rows: fill it, or mend data.path.")
        for ours, theirs in self._asked().items():
            if theirs not in there:
                raise no_column(ours, theirs, there, split=split, name=self.name)

    def _text(self, path: Path, place: str, row: Row, ours: str, theirs: str) -> str:
        text = row.get(theirs)
        if text is None:
            return ""
        if not isinstance(text, str):
            raise DataError(
                f"A sentence is text, but column {theirs} in {place} of {path} holds {text!r:.40}: mend it, or set "
                f"data.{ours}_column to a column of text."
            )
        try:
            text.encode()
        except UnicodeEncodeError as error:  # JSON can spell half a surrogate pair
            raise not_utf8(path, place) from error
        return text

    def _columns(self, split: str, dataset: datasets.Dataset) -> datasets.Dataset:
        return take_columns(dataset, self._asked(), nested=self._nested(), split=split, name=self.name)

    def _nested(self) -> bool:
        """Whether both sides may lie in one column `translation`, as on the hub."""
        return self.source_column is None and self.target_column is None

    def _asked(self) -> dict[str, str]:
        """Our columns and what they are called there."""
        columns = {
            "source": self.source_column or self.source_language,
            "target": self.target_column or self.target_language,
        }
        return columns if self.alignment_column is None else {**columns, "alignment": self.alignment_column}

    def _cut(self, there: dict[str, datasets.Dataset]) -> dict[str, datasets.Dataset]:
        """Takes the splits that are missing from train, evenly spread and always the same rows."""
        sizes = {"validation": self.validation_size, "test": self.test_size}
        for split, size in sizes.items():
            if split in there or size is None or "train" not in there:
                continue
            if (name := self.splits.get(split)) is not None:
                raise DataError(
                    f"data.splits.{split} is {name}, but {self.path} has no such split: mend it or leave it out."
                )
            train = there["train"]
            if not 1 <= size < len(train):
                raise ConfigError(
                    f"A cut takes at least 1 pair and leaves at least 1 of {len(train):,}, but data.{split}_size is "
                    f"{size:,}: change it."
                )
            rows = evenly_spread(len(train), size)
            there[split] = train.select(rows)
            rest = np.delete(np.arange(len(train)), rows)
            runs = np.split(rest, np.flatnonzero(np.diff(rest) > 1) + 1)
            # Neighbours are read where they lie; a list of rows would be looked up one by one.
            there["train"] = datasets.concatenate_datasets([train.select(range(run[0], run[-1] + 1)) for run in runs])
        return there


def evenly_spread(total: int, size: int) -> list[int]:
    """`size` of `total` rows in runs of about 20 neighbours, evenly spread: like the whole, and the same every time."""
    num_runs = -(-size // RUN)
    rest = total - size
    starts = [index * size // num_runs + index * rest // num_runs for index in range(num_runs)]
    lengths = [(index + 1) * size // num_runs - index * size // num_runs for index in range(num_runs)]
    return [row for start, length in zip(starts, lengths, strict=True) for row in range(start, start + length)]


def _is_local(path: str) -> bool:
    """Anything that exists, and whatever cannot be a hub name (`name` or `owner/name`)."""
    return Path(path).expanduser().exists() or re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", path) is None
