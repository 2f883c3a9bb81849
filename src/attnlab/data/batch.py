"""What one batch of sentence pairs holds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Int
from torch import Tensor

from attnlab.text.special import BOS, EOS, PAD

Ids = Sequence[int] | npt.NDArray[np.int32]
"""Token ids of one sentence."""


@dataclass(frozen=True)
class Batch:
    """Padded token ids of some sentence pairs.

    Attributes:
        source: source tokens, each row closed by EOS.
        source_lengths: real tokens per row, EOS counted.
        target: target tokens, each row opened by BOS and closed by EOS.
        target_lengths: real tokens per row, BOS and EOS counted.
        rows: the row of each pair in its split.
    """

    source: Int[Tensor, "batch source"]
    source_lengths: Int[Tensor, " batch"]
    target: Int[Tensor, "batch target"]
    target_lengths: Int[Tensor, " batch"]
    rows: Int[Tensor, " batch"]

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> "Batch":
        """The same batch on another device."""
        return Batch(*(tensor.to(device, non_blocking=non_blocking) for tensor in self._tensors()))

    def pin_memory(self) -> "Batch":
        """The same batch in page-locked memory, from which a GPU copies while it computes."""
        return Batch(*(tensor.pin_memory() for tensor in self._tensors()))

    def _tensors(self) -> tuple[Tensor, ...]:
        return (self.source, self.source_lengths, self.target, self.target_lengths, self.rows)


def collate(source_ids: Sequence[Ids], target_ids: Sequence[Ids], rows: Sequence[int]) -> Batch:
    """Adds BOS and EOS to raw token ids and pads them into a batch."""
    source, source_lengths = _pad(source_ids, opening=0)
    target, target_lengths = _pad(target_ids, opening=1)
    target[:, 0] = BOS
    return Batch(source, source_lengths, target, target_lengths, torch.tensor(rows))


def _pad(sequences: Sequence[Ids], *, opening: int) -> tuple[Int[Tensor, "batch position"], Int[Tensor, " batch"]]:
    """Rows with `opening` places to fill before their ids and EOS behind, and the length of each."""
    sizes = np.array([len(ids) for ids in sequences]) + opening
    padded = np.full((len(sizes), sizes.max() + 1), PAD)
    for row, ids in zip(padded, sequences, strict=True):
        row[opening : opening + len(ids)] = ids
    padded[np.arange(len(sizes)), sizes] = EOS
    return torch.from_numpy(padded), torch.from_numpy(sizes + 1)
