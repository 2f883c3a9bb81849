"""Batches come in the order of the sampler, whoever builds them, and building ahead changes nothing but the time."""

import threading
from collections.abc import Iterator

import datasets
import pytest
import torch

from attnlab.data import loader as loader_module
from attnlab.data.batch import Batch
from attnlab.data.bucketing import BatchBudget, LengthBatchSampler
from attnlab.data.loader import BatchLoader
from attnlab.data.pairs import TokenPair, TokenPairs, collate_pairs
from attnlab.errors import ConfigError


@pytest.fixture
def pairs() -> TokenPairs:
    ids = datasets.List(datasets.Value("int32"))
    columns = {"source_ids": [[4] * (1 + n % 7) for n in range(50)], "target_ids": [[n] for n in range(50)]}
    features = datasets.Features(source_ids=ids, target_ids=ids)
    return TokenPairs(datasets.Dataset.from_dict(columns, features=features))


def sampler(pairs: TokenPairs, start: tuple[int, int] = (0, 0)) -> LengthBatchSampler:
    budget = BatchBudget(max_sentences=4)
    return LengthBatchSampler(pairs.source_sizes, pairs.target_sizes, budget, seed=1, start=start)


def contents(batches: Iterator[Batch] | BatchLoader) -> list[list[list[int]]]:
    return [[tensor.tolist() for tensor in vars(batch).values()] for batch in batches]


@pytest.mark.parametrize("num_workers", [0, 1])
def test_batches_are_those_of_the_sampler_in_every_epoch(pairs: TokenPairs, num_workers: int) -> None:
    loader = BatchLoader(pairs, sampler(pairs), num_workers=num_workers)
    expected = sampler(pairs)
    for epoch in (0, 1):
        for each in (loader.batch_sampler, expected):
            each.set_epoch(epoch)
        plain = [collate_pairs([pairs[row] for row in rows]) for rows in expected]
        assert contents(loader) == contents(iter(plain))
    assert len(loader) == len(expected)


def test_an_iterator_waits_for_its_epoch(pairs: TokenPairs) -> None:
    loader = BatchLoader(pairs, sampler(pairs))
    early = iter(loader)  # as Lightning does, before it says which epoch comes
    loader.batch_sampler.set_epoch(3)
    expected = sampler(pairs, start=(3, 0))
    assert [batch.rows.tolist() for batch in early] == list(expected)


def test_training_may_go_on_in_the_middle_of_an_epoch(pairs: TokenPairs) -> None:
    whole = contents(BatchLoader(pairs, sampler(pairs, start=(2, 0))))
    assert contents(BatchLoader(pairs, sampler(pairs, start=(2, 5)))) == whole[5:]


def test_batches_are_built_by_another_thread_only_a_few_ahead(
    pairs: TokenPairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def record(some: list[TokenPair]) -> Batch:
        built.append(threading.current_thread())
        return collate_pairs(some)

    monkeypatch.setattr(loader_module, "collate_pairs", record)
    batches = iter(BatchLoader(pairs, sampler(pairs)))
    next(batches)
    batches.close()  # type: ignore[attr-defined]  # training was stopped
    assert threading.main_thread() not in built
    assert 1 <= len(built) <= 1 + loader_module._AHEAD
    assert not built[0].is_alive()


def test_what_fails_beside_training_fails_in_it(pairs: TokenPairs, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: list[TokenPair]) -> Batch:
        raise OSError("the disk is gone")

    monkeypatch.setattr(loader_module, "collate_pairs", fail)
    with pytest.raises(OSError, match="the disk is gone"):
        list(BatchLoader(pairs, sampler(pairs)))


def test_no_chance_is_taken_from_the_model(pairs: TokenPairs) -> None:
    before = torch.get_rng_state()
    list(BatchLoader(pairs, sampler(pairs)))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_negative_number_of_processes_is_refused(pairs: TokenPairs) -> None:
    with pytest.raises(ConfigError, match=r"0 or more processes, but data.num_workers is -1: 0 takes a thread"):
        BatchLoader(pairs, sampler(pairs), num_workers=-1)
