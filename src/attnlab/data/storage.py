"""How rows of text go to disk as they come, and are read from there without being held in memory."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import datasets
import pyarrow as pa
from datasets.utils import tqdm

from attnlab.data.progress import hide_progress_in_logs

_BATCH: Final = 1_000


def store_rows(file: Path, names: Sequence[str], rows: Iterable[Sequence[str]]) -> datasets.Dataset:
    """Writes rows of text columns into an Arrow file and opens it memory-mapped; a batch at a time is in memory."""
    schema = pa.schema([(name, pa.string()) for name in names])
    hide_progress_in_logs()
    there = iter(tqdm(rows, desc=file.stem, unit=" rows"))
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        while batch := list(islice(there, _BATCH)):
            columns = [pa.array(column, pa.string()) for column in zip(*batch, strict=True)]
            writer.write_batch(pa.record_batch(columns, schema))
    return datasets.Dataset.from_file(str(file))
