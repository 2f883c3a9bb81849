"""When batches are built: ahead of training, so that it never waits for one."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, final

import torch
from torch.utils.data import DataLoader

from attnlab.data.batch import Batch
from attnlab.data.bucketing import LengthBatchSampler
from attnlab.data.pairs import TokenPair, TokenPairs, collate_pairs
from attnlab.errors import ConfigError

_AHEAD: Final = 4
"""Batches that wait; one would do, were they and the steps of training all of the same size."""


@final
class BatchLoader:
    """The batches of a sampler, in its order.

    A thread builds them beside training. A batch of 64 pairs takes it 0.4 ms, and the training thread 0.1 ms to fetch,
    where fetching one from another process takes 2 ms; so processes pay only if batches become much dearer to build.

    Args:
        pairs: token ids of a split.
        batches: says which pairs share a batch.
        num_workers: processes that build batches instead of the thread; they live as long as the loader.

    Raises:
        ConfigError: the number of processes is negative.
    """

    def __init__(self, pairs: TokenPairs, batches: LengthBatchSampler, *, num_workers: int = 0) -> None:
        if num_workers < 0:
            raise ConfigError(
                f"Batches are built by 0 or more processes, but data.num_workers is {num_workers}: 0 takes a thread."
            )
        self.batch_sampler = batches
        """Lightning looks for it, to tell it the epoch."""
        self._loader: DataLoader[TokenPair] = DataLoader(
            pairs,
            batch_sampler=batches,
            collate_fn=collate_pairs,
            num_workers=num_workers,
            persistent_workers=num_workers > 0,
            pin_memory=torch.cuda.is_available(),
            generator=torch.Generator(),  # no chance here, and none taken from the model's
        )

    def __len__(self) -> int:
        return len(self.batch_sampler)

    def __iter__(self) -> Iterator[Batch]:
        """Nothing is begun before the first batch is asked for: only then the sampler knows its epoch."""
        if self._loader.num_workers:
            yield from self._loader
            return
        with ThreadPoolExecutor(1, thread_name_prefix="batches") as thread:
            batches = iter(self._loader)
            ahead = deque(thread.submit(next, batches, None) for _ in range(_AHEAD))
            try:
                while (batch := ahead.popleft().result()) is not None:
                    ahead.append(thread.submit(next, batches, None))
                    yield batch
            finally:
                thread.shutdown(cancel_futures=True)
