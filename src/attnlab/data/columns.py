"""How the tables of `datasets` give their text under our names, where they lie if they can."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import datasets
import pyarrow as pa
import pyarrow.compute as pc

from attnlab.data.progress import quiet
from attnlab.errors import DataError, one_line

_BATCH: Final = 10_000
_NESTED: Final = "translation."


def read_parquet(paths: Sequence[Path]) -> datasets.Dataset:
    """All rows of Parquet files.

    Raises:
        DataError: a file is no Parquet.
    """
    try:
        with quiet():
            files = {"train": [str(path) for path in paths]}
            return datasets.load_dataset("parquet", data_files=files, split="train")
    except Exception as error:  # pyarrow and datasets each fail in their own way
        raise DataError(
            f"{paths[0]} cannot be read as parquet ({one_line(error.__cause__ or error)}): mend the file."
        ) from error


def read_saved(folder: Path) -> dict[str, datasets.Dataset]:
    """Every split of a folder that `DatasetDict.save_to_disk` wrote.

    Raises:
        DataError: something in it is missing or damaged.
    """
    try:
        return dict(datasets.load_from_disk(str(folder)))
    except Exception as error:  # pyarrow, json and datasets each fail in their own way
        raise DataError(
            f"{folder} cannot be read as a saved dataset ({one_line(error)}): save it again, or mend data.path."
        ) from error


def take_columns(
    dataset: datasets.Dataset, asked: Mapping[str, str], *, nested: bool, split: str, name: str
) -> datasets.Dataset:
    """The columns that are asked for, null as empty text, which is counted later as every empty line is.

    Args:
        dataset: of the hub or of a file.
        asked: our name of each column -> its own.
        nested: whether they may be fields of the column `translation`.
        split: for errors.
        name: of the corpus, for errors.

    Raises:
        DataError: a column is missing, or holds something other than text.
    """
    if nested and _is_struct(dataset, "translation"):
        dataset = dataset.flatten()
    inner = [column for column in dataset.column_names if column.startswith(_NESTED)]
    found = {column.removeprefix(_NESTED): column for column in inner}
    found |= {column: column for column in dataset.column_names if column not in inner and column not in found}
    taken = {}
    for ours, theirs in asked.items():
        if theirs not in found:
            raise no_column(ours, theirs, found, split=split, name=name)
        taken[ours] = found[theirs]
        kind = dataset.features.arrow_schema.field(taken[ours]).type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise DataError(
                f"A sentence is text, but column {theirs} in split {split} of {name} holds {kind}: set "
                f"data.{ours}_column to a column of text."
            )
    dataset = dataset.select_columns(list(dict.fromkeys(taken.values())))
    _check_utf8(dataset, split=split, name=name)
    strings = datasets.Features(dict.fromkeys(asked, datasets.Value("string")))
    nulls = any(dataset.data.column(column).null_count for column in dataset.column_names)
    if not nulls and [dataset.features[column] for column in dataset.column_names] == list(strings.values()):
        return dataset.rename_columns({theirs: ours for ours, theirs in taken.items()})
    # Written anew: with nulls, as another kind of text, or where one column is both sides.
    arrow = dataset.with_format("arrow")
    return arrow.map(_write, batched=True, fn_kwargs={"taken": taken}, features=strings).with_format(None)


def no_column(ours: str, theirs: str, there: Iterable[str], *, split: str, name: str) -> DataError:
    """What is said if a column is missing."""
    return DataError(
        f"The {ours} of {name} is read from the column {theirs}, but split {split} has the columns {', '.join(there)}: "
        f"set data.{ours}_column, or mend the languages."
    )


def _is_struct(dataset: datasets.Dataset, column: str) -> bool:
    return column in dataset.column_names and pa.types.is_struct(dataset.features.arrow_schema.field(column).type)


def _write(table: pa.Table, taken: Mapping[str, str]) -> pa.Table:
    return pa.table({ours: pc.fill_null(table.column(theirs), "").cast(pa.string()) for ours, theirs in taken.items()})


def _check_utf8(dataset: datasets.Dataset, *, split: str, name: str) -> None:
    """Arrow takes any bytes for text until somebody looks at them."""
    for number, table in enumerate(dataset.with_format("arrow").iter(_BATCH)):
        if not _is_valid(table):
            row = next(row for row in range(len(table)) if not _is_valid(table.slice(row, 1)))
            raise DataError(
                f"Text must be UTF-8, but pair {number * _BATCH + row + 1:,} of split {split} in {name} is not: write "
                "its file anew."
            )


def _is_valid(table: pa.Table) -> bool:
    try:
        table.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
