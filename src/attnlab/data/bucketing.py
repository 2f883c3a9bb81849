"""Which sentence pairs share a batch, and in which order the batches come."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch.utils.data import Sampler

from attnlab.errors import ConfigError

Sizes = npt.NDArray[np.signedinteger]


@dataclass(frozen=True)
class BatchBudget:
    """How large a batch may grow; where both limits are given, both hold.

    Args:
        max_tokens: rows times the longest sequence of the batch on either side, padding and end token counted.
        max_sentences: rows.

    Raises:
        ConfigError: no limit at all, or one below 1.
    """

    max_tokens: int | None = None
    max_sentences: int | None = None

    def __post_init__(self) -> None:
        if self.max_tokens is None and self.max_sentences is None:
            raise ConfigError(
                "A batch needs a limit, but max_tokens and max_sentences of data.batch (or data.evaluation_batch) are "
                "both null: set one."
            )
        for name, limit in (("max_tokens", self.max_tokens), ("max_sentences", self.max_sentences)):
            if limit is not None and limit < 1:
                raise ConfigError(
                    f"A batch limit is at least 1, but {name} of data.batch (or data.evaluation_batch) is {limit}: "
                    "raise it."
                )

    def cut(self, sizes: Sizes) -> list[int]:
        """Rows of each batch if pairs of these sizes, shortest first, are packed as full as the budget allows.

        Raises:
            ConfigError: the longest pair alone exceeds the budget.
        """
        if self.max_tokens is not None and len(sizes) and sizes[-1] > self.max_tokens:
            raise ConfigError(
                f"A batch holds at least one pair, but max_tokens is {self.max_tokens:,} and the longest pair has "
                f"{sizes[-1]:,} tokens: raise max_tokens of data.batch (of data.evaluation_batch for validation and "
                f"test) to at least {sizes[-1]}, or drop long sources with data.length."
            )
        rows: list[int] = []
        current, most = 0, self.max_sentences or len(sizes)
        for size, count in zip(*(each.tolist() for each in np.unique(sizes, return_counts=True)), strict=True):
            room = most if self.max_tokens is None else min(most, self.max_tokens // size)
            if current >= room:
                rows.append(current)
                current = 0
            full, current = divmod(current + count, room)
            rows += [room] * full
        return [*rows, current] if current else rows


class LengthBatchSampler(Sampler[list[int]]):
    """Batches of pairs of similar length, every pair exactly once an epoch.

    Pairs are sorted by their longer side, and among equals by how much longer the source is than the target, so that
    both sides of a batch need little padding. For training, chance enters twice: noise on that difference decides anew
    in every epoch which equals share a batch, and the batches come in random order. The longer side gets no noise:
    so batches hold the same number of rows in every epoch and `len()` stays true for a whole run. (A corpus with
    only a few pairs of each length therefore meets much the same batches again, in another order.)

    With several ranks, batches of similar size are dealt out together, one to each rank. Their number is made divisible
    by halving the batches with the most rows: nothing is dropped or repeated, and every rank takes as many steps.

    Args:
        source_sizes: source tokens of each pair as the model reads them, end token counted.
        target_sizes: the same for the target.
        budget: how large a batch may grow.
        seed: with the epoch, decides all that is random; None for no chance at all, batches from short to long.
        rank: which share of the batches this process takes.
        world_size: number of processes.
        noise: tokens by which the difference of the two sides is blurred, either way. On Multi30k 2 leaves 5 % padding
            and brings 18 % of the pairs of a batch together again in the next epoch; 0 leaves 2 %, but repeats all.
        start: where the first iteration begins, if training goes on in the middle: epoch, and its batches already had.

    Raises:
        ConfigError: the longest pair exceeds the budget, or the batches cannot be dealt out to all ranks.
    """

    def __init__(
        self,
        source_sizes: Sequence[int] | Sizes,
        target_sizes: Sequence[int] | Sizes,
        budget: BatchBudget,
        *,
        seed: int | None,
        rank: int = 0,
        world_size: int = 1,
        noise: float = 2.0,
        start: tuple[int, int] = (0, 0),
    ) -> None:
        self._source_sizes: Sizes = np.asarray(source_sizes, dtype=np.int32)
        self._target_sizes: Sizes = np.asarray(target_sizes, dtype=np.int32)
        self._longer = np.maximum(self._source_sizes, self._target_sizes)
        self._seed = seed
        self._rank = rank
        self._world_size = world_size
        self._noise = noise
        self._epoch, self._skipped = start
        if len(self._longer) < world_size:
            raise ConfigError(
                f"Every process needs a pair of its own, but {world_size} processes share {len(self._longer)}: "
                "lower trainer.devices, or keep more of the data."
            )
        rows = _divisible(budget.cut(np.sort(self._longer)), world_size)
        self._starts = np.concatenate([[0], np.cumsum(rows)])

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch that the next iteration yields; Lightning calls it."""
        self._epoch = epoch

    @property
    def sampler(self) -> "LengthBatchSampler":
        """Itself: Lightning tells `loader.batch_sampler.sampler` the epoch, and never the batch sampler."""
        return self

    def __len__(self) -> int:
        return (len(self._starts) - 1) // self._world_size

    def __iter__(self) -> Iterator[list[int]]:
        """Row numbers of each batch of this rank."""
        order, rng = self._order()
        steps = np.arange(len(self)) if self._seed is None else rng.permutation(len(self))
        skipped, self._skipped = self._skipped, 0
        for step in steps[skipped:].tolist():
            batch = step * self._world_size + self._rank
            yield order[self._starts[batch] : self._starts[batch + 1]].tolist()

    def padding_share(self) -> float:
        """Padding among all positions of both sides, over the batches of all ranks in this epoch: 0 is none."""
        order, _ = self._order()
        rows, padded, real = np.diff(self._starts), 0, 0
        for sizes in (self._source_sizes, self._target_sizes):
            padded += int(rows @ np.maximum.reduceat(sizes[order], self._starts[:-1]))
            real += int(sizes.sum())
        return 1 - real / max(padded, 1)

    def _order(self) -> tuple[npt.NDArray[np.int64], np.random.Generator]:
        """All pairs of the epoch from short to long, with the generator that is to shuffle their batches."""
        rng = np.random.default_rng([0 if self._seed is None else self._seed, self._epoch])
        difference = (self._source_sizes - self._target_sizes).astype(np.float64)
        if self._seed is not None:
            difference += rng.uniform(-self._noise, self._noise, len(difference))
        # Every other length runs backwards, so that a batch that holds two lengths meets similar differences.
        np.negative(difference, out=difference, where=self._longer % 2 == 0)
        return np.lexsort((difference, self._longer)), rng


def _divisible(rows: Sequence[int], world_size: int) -> list[int]:
    """Halves the largest batches until their number is a multiple of the ranks; the order of pairs is kept."""
    result = list(rows)
    while len(result) % world_size:
        largest = max(range(len(result)), key=result.__getitem__)
        if result[largest] < 2:
            raise ConfigError(
                f"Every process takes as many batches, but {len(result)} batches of 1 pair cannot be dealt out to "
                f"{world_size} processes: raise data.batch.max_tokens or data.batch.max_sentences."
            )
        half = result[largest] // 2
        result[largest : largest + 1] = [half, result[largest] - half]
    return result
