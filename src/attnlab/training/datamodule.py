"""Which loaders training, validation and test read."""

from typing import Any

import lightning
import torch

from attnlab.data.batch import Batch
from attnlab.data.bucketing import BatchBudget, LengthBatchSampler
from attnlab.data.loader import BatchLoader
from attnlab.data.pairs import TokenPairs
from attnlab.data.prepare import PreparedData


class TranslationDataModule(lightning.LightningDataModule):
    """Batches of similar length: shuffled for training, from short to long for validation and test.

    Args:
        prepared: tokenised splits of a Hugging Face translation dataset.
        budget: size of a training batch.
        evaluation_budget: size of a validation or test batch, which needs no memory for gradients.
        seed: decides, with the epoch, what shares a batch and the order of batches.
        num_workers: processes that build batches; 0 for a thread beside training.
    """

    def __init__(
        self,
        prepared: PreparedData,
        *,
        budget: BatchBudget,
        evaluation_budget: BatchBudget,
        seed: int,
        num_workers: int = 0,
    ) -> None:
        super().__init__()
        self.prepared = prepared
        self.budget = budget
        self.evaluation_budget = evaluation_budget
        self.seed = seed
        self.num_workers = num_workers
        self._start: tuple[int, int] = (0, 0)

    def state_dict(self) -> dict[str, Any]:
        """How far training has come: the epoch, and how many of its batches it has had."""
        assert self.trainer is not None
        batches = self.trainer.fit_loop.epoch_loop.batch_progress.current
        inside = batches.ready > batches.completed  # at the end of a step; between epochs they are equal
        return {"epoch": self.trainer.current_epoch, "batches": batches.ready if inside else 0}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Lets the next training loader begin there.

        Lightning would give a loader its own state back, but only to one that is made after the optimizer, whose
        schedule has to count the loader's batches.
        """
        self._start = (state_dict["epoch"], state_dict["batches"])

    def train_batches(self) -> LengthBatchSampler:
        """Which pairs share a training batch: every pair once an epoch, by seed and epoch alone."""
        return self._batches("train", self.budget, self.seed, *self._share(), start=self._start)

    def train_dataloader(self) -> BatchLoader:
        """The training split, shuffled."""
        return self._loader("train", self.train_batches())

    def val_dataloader(self) -> BatchLoader:
        """The validation split, from short to long; of several processes each reads its share."""
        return self._loader("validation", self._batches("validation", self.evaluation_budget, None, *self._share()))

    def loader(self, split: str) -> BatchLoader:
        """Any split, from short to long; `Batch.rows` says which pair is where."""
        return self._loader(split, self._batches(split, self.evaluation_budget, None, 0, 1))

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Moves a batch; from page-locked memory the copy does not wait."""
        return batch.to(device, non_blocking=True)

    def _share(self) -> tuple[int, int]:
        """Which process of how many this is."""
        return (0, 1) if self.trainer is None else (self.trainer.global_rank, self.trainer.world_size)

    def _pairs(self, split: str) -> TokenPairs:
        return TokenPairs(self.prepared.splits[split])

    def _batches(
        self,
        split: str,
        budget: BatchBudget,
        seed: int | None,
        rank: int,
        world_size: int,
        start: tuple[int, int] = (0, 0),
    ) -> LengthBatchSampler:
        pairs = self._pairs(split)
        return LengthBatchSampler(
            pairs.source_sizes, pairs.target_sizes, budget, seed=seed, rank=rank, world_size=world_size, start=start
        )

    def _loader(self, split: str, batches: LengthBatchSampler) -> BatchLoader:
        return BatchLoader(self._pairs(split), batches, num_workers=self.num_workers)
