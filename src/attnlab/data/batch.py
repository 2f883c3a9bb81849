"""What one batch of sentence pairs holds."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from attnlab.text.special import BOS, EOS, PAD


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


def collate(source_ids: Sequence[Sequence[int]], target_ids: Sequence[Sequence[int]], rows: Sequence[int]) -> Batch:
    """Adds BOS and EOS to raw token ids and pads them into a batch."""
    source = [torch.tensor([*ids, EOS]) for ids in source_ids]
    target = [torch.tensor([BOS, *ids, EOS]) for ids in target_ids]
    return Batch(
        source=pad_sequence(source, batch_first=True, padding_value=PAD),
        source_lengths=torch.tensor([len(ids) for ids in source]),
        target=pad_sequence(target, batch_first=True, padding_value=PAD),
        target_lengths=torch.tensor([len(ids) for ids in target]),
        rows=torch.tensor(rows),
    )
