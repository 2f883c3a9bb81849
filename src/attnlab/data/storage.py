"""How rows of text go to disk as they come, and are read from there without being held in memory."""

import hashlib
import os
import uuid
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import datasets
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from datasets.utils import tqdm

from attnlab.data.progress import hide_progress_in_logs
from attnlab.errors import RunError

_VERSION: Final = 1
"""Part of every name in the cache: raise it whenever the same files would give other rows."""
_BATCH: Final = 1_000


def store_rows(file: Path, names: Iterable[str], rows: Iterable[Sequence[str]]) -> datasets.Dataset:
    """Writes rows of text columns into an Arrow file and opens it memory-mapped; a batch at a time is in memory."""
    schema = pa.schema([(name, pa.string()) for name in names])
    hide_progress_in_logs()
    there = iter(tqdm(rows, desc=file.stem, unit=" rows"))
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        while batch := list(islice(there, _BATCH)):
            columns = [pa.array(column, pa.string()) for column in zip(*batch, strict=True)]
            writer.write_batch(pa.record_batch(columns, schema))
    return datasets.Dataset.from_file(str(file))


def keep_rows(dataset: datasets.Dataset, rows: npt.NDArray[np.int64], file: Path) -> datasets.Dataset:
    """Some rows of a dataset, in its order; written to `file` unless they are neighbours.

    `datasets` keeps a list of rows instead, and then looks up one by one, ten times as slowly, whoever reads them all.
    """
    if len(rows) == 0 or rows[-1] - rows[0] + 1 == len(rows):
        return dataset.select(range(rows[0], rows[-1] + 1) if len(rows) else [])
    kept = np.zeros(len(dataset), np.bool_)
    kept[rows] = True
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, dataset.features.arrow_schema) as writer:
        for number, batch in enumerate(dataset.with_format("arrow").iter(_BATCH)):
            writer.write_table(batch.filter(pa.array(kept[number * _BATCH :][: len(batch)])))
    return datasets.Dataset.from_file(str(file))


def flush(path: Path) -> None:
    """Waits until a file, or all in a folder, is on the disk: only then may it get the name of what is whole."""
    for file in path.rglob("*") if path.is_dir() else [path]:
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())


def cached_rows(
    paths: Sequence[Path], names: Sequence[str], rows: Iterable[Sequence[str]], *, how: str
) -> datasets.Dataset:
    """What `store_rows` makes of files, from the cache of `datasets` if they were read before and not written since.

    Args:
        paths: the files.
        names: of the columns.
        rows: gives what is read of the files, if need be.
        how: all that decides, beside the files, what that is.

    Raises:
        RunError: the cache cannot be written.
    """
    stats = [(str(path.absolute()), path.stat()) for path in paths]
    state = [(path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) for path, stat in stats]
    digest = hashlib.sha256(repr((_VERSION, how, state)).encode()).hexdigest()[:20]
    file = Path(datasets.config.HF_DATASETS_CACHE) / "attnlab" / f"{digest}.arrow"
    if not file.exists():
        building = file.with_name(f"{uuid.uuid4().hex}.part")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            store_rows(building, names, rows)
            flush(building)
            building.rename(file)
        except OSError as error:
            raise RunError(
                f"Text is kept in {file.parent}, which cannot be written ({error}): free some space, or choose another "
                "folder with the environment variable HF_DATASETS_CACHE."
            ) from error
        finally:
            building.unlink(missing_ok=True)
    return datasets.Dataset.from_file(str(file))
