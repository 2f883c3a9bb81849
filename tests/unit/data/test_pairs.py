"""The view that training reads gives back what was prepared, row by row."""

import datasets
import pytest
from torch.utils.data import DataLoader

from attnlab.data.bucketing import BatchBudget, LengthBatchSampler
from attnlab.data.pairs import TokenPair, TokenPairs, collate_pairs

SOURCE = [[4, 5], [6], [], [7, 8, 9]]
TARGET = [[10], [11, 12], [13], [14]]


@pytest.fixture
def split() -> datasets.Dataset:
    ids = datasets.List(datasets.Value("int32"))
    features = datasets.Features(source_ids=ids, target_ids=ids)
    return datasets.Dataset.from_dict({"source_ids": SOURCE, "target_ids": TARGET}, features=features)


def plain(pair: TokenPair) -> tuple[list[int], list[int], int]:
    return pair[0].tolist(), pair[1].tolist(), pair[2]


def test_rows_are_what_was_prepared(split: datasets.Dataset) -> None:
    pairs = TokenPairs(split)
    assert [plain(pairs[row]) for row in range(len(pairs))] == list(zip(SOURCE, TARGET, range(4), strict=True))


def test_a_selection_of_rows_is_read_in_its_order(split: datasets.Dataset) -> None:
    pairs = TokenPairs(split.select([3, 0]))
    assert [plain(pairs[0]), plain(pairs[1])] == [(SOURCE[3], TARGET[3], 0), (SOURCE[0], TARGET[0], 1)]


def test_an_empty_selection_has_no_rows(split: datasets.Dataset) -> None:
    assert len(TokenPairs(split.select([]))) == 0


def test_concatenated_splits_are_read_whole(split: datasets.Dataset) -> None:
    pairs = TokenPairs(datasets.concatenate_datasets([split, split]))
    assert [pairs[row][0].tolist() for row in range(8)] == SOURCE * 2


def test_sizes_count_the_end_token(split: datasets.Dataset) -> None:
    pairs = TokenPairs(split)
    assert pairs.source_sizes.tolist() == [3, 2, 1, 4]
    assert pairs.target_sizes.tolist() == [2, 3, 2, 2]


def test_a_loader_gives_batches_whose_rows_lead_back(split: datasets.Dataset) -> None:
    pairs = TokenPairs(split)
    sampler = LengthBatchSampler(pairs.source_sizes, pairs.target_sizes, BatchBudget(max_sentences=3), seed=0)
    found = {}
    for batch in DataLoader(pairs, batch_sampler=sampler, collate_fn=collate_pairs):
        assert batch.source_lengths.tolist() == pairs.source_sizes[batch.rows.numpy()].tolist()
        assert (
            batch.target_lengths.tolist() == (pairs.target_sizes[batch.rows.numpy()] + 1).tolist()
        )  # and the start token
        for index, row in enumerate(batch.rows.tolist()):
            found[row] = batch.source[index, : batch.source_lengths[index] - 1].tolist()
    assert found == dict(enumerate(SOURCE))
