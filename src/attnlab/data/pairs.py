"""The view of a prepared split that training and search read: token ids by row."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import datasets
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from torch.utils.data import Dataset

from attnlab.data.batch import Batch, collate

Ids = npt.NDArray[np.int32]
TokenPair = tuple[Ids, Ids, int]
"""Source ids, target ids (both without BOS and EOS), and the row in the split."""


class TokenPairs(Dataset[TokenPair]):
    """Token ids of one split, read where they lie: a split on disk stays there, memory-mapped.

    Args:
        split: a prepared split with the columns `source_ids` and `target_ids`.
    """

    def __init__(self, split: datasets.Dataset) -> None:
        self._split = split
        self._source = _Ragged(split, "source_ids")
        self._target = _Ragged(split, "target_ids")

    def __len__(self) -> int:
        return len(self._split)

    def __getitem__(self, row: int) -> TokenPair:
        return self._source[row], self._target[row], row

    def __reduce__(self) -> tuple[Any, ...]:
        """A worker process opens the file again instead of receiving what lies in it."""
        return TokenPairs, (self._split,)

    @property
    def source_sizes(self) -> Ids:
        """Tokens of each source as the encoder reads it, EOS counted."""
        return self._source.sizes() + 1

    @property
    def target_sizes(self) -> Ids:
        """Tokens of each target as the decoder predicts it, EOS counted."""
        return self._target.sizes() + 1


def collate_pairs(pairs: Sequence[TokenPair]) -> Batch:
    """What a data loader calls to make one batch."""
    source_ids, target_ids, rows = zip(*pairs, strict=True)
    return collate(source_ids, target_ids, rows)


class _Ragged:
    """Lists of different length, in the chunks in which Arrow holds them; nothing is copied."""

    def __init__(self, split: datasets.Dataset, column: str) -> None:
        lists = split.with_format("arrow").select_columns(column)[:].column(column).cast(pa.list_(pa.int32()))
        self._offsets: list[Ids] = [chunk.offsets.to_numpy() for chunk in lists.chunks]
        self._values: list[Ids] = [chunk.values.to_numpy() for chunk in lists.chunks]
        self._starts = list(accumulate((len(chunk) for chunk in lists.chunks), initial=0))

    def __getitem__(self, row: int) -> Ids:
        if not 0 <= row < self._starts[-1]:
            raise IndexError(row)
        chunk = bisect_right(self._starts, row) - 1
        offsets, place = self._offsets[chunk], row - self._starts[chunk]
        return self._values[chunk][offsets[place] : offsets[place + 1]]

    def sizes(self) -> Ids:
        """Length of each list."""
        return np.concatenate([np.zeros(0, np.int32), *(np.diff(offsets) for offsets in self._offsets)])
