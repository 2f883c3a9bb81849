"""The view of a prepared split that training and search read: token ids by row."""

from collections.abc import Sequence

import datasets
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from torch.utils.data import Dataset

from attnlab.data.batch import Batch, collate

TokenPair = tuple[list[int], list[int], int]
"""Source ids, target ids (both without BOS and EOS), and the row in the split."""


class TokenPairs(Dataset[TokenPair]):
    """Token ids of one split, held flat in memory: 8 bytes for each pair of tokens, and no file is open.

    Args:
        split: a prepared split with the columns `source_ids` and `target_ids`.
    """

    def __init__(self, split: datasets.Dataset) -> None:
        self._source = _Ragged(split, "source_ids")
        self._target = _Ragged(split, "target_ids")

    def __len__(self) -> int:
        return len(self._source.offsets) - 1

    def __getitem__(self, row: int) -> TokenPair:
        return self._source.row(row), self._target.row(row), row

    @property
    def source_sizes(self) -> npt.NDArray[np.int64]:
        """Tokens of each source as the encoder reads it, EOS counted."""
        return np.diff(self._source.offsets) + 1

    @property
    def target_sizes(self) -> npt.NDArray[np.int64]:
        """Tokens of each target as the decoder predicts it, EOS counted."""
        return np.diff(self._target.offsets) + 1


def collate_pairs(pairs: Sequence[TokenPair]) -> Batch:
    """What a data loader calls to make one batch."""
    source_ids, target_ids, rows = zip(*pairs, strict=True)
    return collate(source_ids, target_ids, rows)


class _Ragged:
    """Lists of different length, end to end."""

    def __init__(self, split: datasets.Dataset, column: str) -> None:
        lists = split.with_format("arrow").select_columns(column)[:].column(column).cast(pa.large_list(pa.int32()))
        whole = lists.combine_chunks() if lists.num_chunks else pa.array([], type=pa.large_list(pa.int32()))
        if isinstance(whole, pa.ChunkedArray):
            whole = pa.concat_arrays(whole.chunks)
        self.offsets: npt.NDArray[np.int64] = np.concatenate(
            [[0], np.cumsum(np.asarray(whole.value_lengths(), dtype=np.int64))]
        ).astype(np.int64)
        self.values: npt.NDArray[np.int32] = whole.flatten().to_numpy()

    def row(self, index: int) -> list[int]:
        ids: list[int] = self.values[self.offsets[index] : self.offsets[index + 1]].tolist()
        return ids
