"""Every pair is in one batch an epoch, batches stay within budget, and chance comes from seed and epoch alone."""

import math
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.data.bucketing import BatchBudget, LengthBatchSampler
from attnlab.errors import ConfigError

SIZES = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=8, max_size=120)
BUDGETS = st.builds(
    BatchBudget, max_tokens=st.integers(40, 300), max_sentences=st.one_of(st.none(), st.integers(1, 20))
) | st.builds(BatchBudget, max_tokens=st.none(), max_sentences=st.integers(2, 20))


def sampler(
    sizes: list[tuple[int, int]],
    budget: BatchBudget,
    *,
    seed: int | None = 0,
    rank: int = 0,
    world_size: int = 1,
    start: tuple[int, int] = (0, 0),
) -> LengthBatchSampler:
    return LengthBatchSampler(
        [source for source, _ in sizes],
        [target for _, target in sizes],
        budget,
        seed=seed,
        rank=rank,
        world_size=world_size,
        start=start,
    )


def natural_sizes(count: int) -> list[tuple[int, int]]:
    rng = np.random.default_rng(0)
    source = rng.gamma(9, 1.6, count).astype(int) + 2
    target = np.maximum(source + rng.normal(0, 2, count).astype(int), 2)
    return list(zip(source.tolist(), target.tolist(), strict=True))


@given(sizes=SIZES, budget=BUDGETS, epoch=st.integers(0, 3), seed=st.one_of(st.none(), st.integers(0, 5)))
def test_every_pair_comes_once_within_budget(
    sizes: list[tuple[int, int]], budget: BatchBudget, epoch: int, seed: int | None
) -> None:
    batches = sampler(sizes, budget, seed=seed)
    batches.set_epoch(epoch)
    drawn = list(batches)
    assert len(drawn) == len(batches)
    assert sorted(chain.from_iterable(drawn)) == list(range(len(sizes)))
    for rows in drawn:
        longest = max(max(sizes[row]) for row in rows)
        assert budget.max_tokens is None or len(rows) * longest <= budget.max_tokens
        assert budget.max_sentences is None or len(rows) <= budget.max_sentences


def packed_one_by_one(budget: BatchBudget, sizes: list[int]) -> list[int]:
    """What `cut` says, pair by pair."""
    rows = [0]
    for size in sizes:
        if rows[-1] == budget.max_sentences or (budget.max_tokens and (rows[-1] + 1) * size > budget.max_tokens):
            rows.append(0)
        rows[-1] += 1
    return rows


@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=200).map(sorted), budget=BUDGETS)
def test_batches_are_as_full_as_the_budget_allows(sizes: list[int], budget: BatchBudget) -> None:
    assert budget.cut(np.array(sizes)) == packed_one_by_one(budget, sizes)


@given(sizes=SIZES, world_size=st.integers(1, 4), epoch=st.integers(0, 2))
def test_ranks_share_the_epoch_without_loss_or_repetition(
    sizes: list[tuple[int, int]], world_size: int, epoch: int
) -> None:
    ranks = [sampler(sizes, BatchBudget(200), rank=rank, world_size=world_size) for rank in range(world_size)]
    for rank in ranks:
        rank.set_epoch(epoch)
    drawn = [list(rank) for rank in ranks]
    assert sorted(chain.from_iterable(chain.from_iterable(drawn))) == list(range(len(sizes)))
    assert {len(batches) for batches in drawn} == {len(ranks[0])}


@given(sizes=SIZES, world_size=st.integers(1, 4), epoch=st.integers(0, 2), share=st.floats(0, 1))
def test_an_epoch_may_be_left_and_entered_anywhere(
    sizes: list[tuple[int, int]], world_size: int, epoch: int, share: float
) -> None:
    def begun(rank: int, start: tuple[int, int]) -> LengthBatchSampler:
        return sampler(sizes, BatchBudget(200), rank=rank, world_size=world_size, start=start)

    before, after = [], []
    for rank in range(world_size):
        whole, had = list(begun(rank, (epoch, 0))), int(share * len(begun(rank, (0, 0))))
        resumed = begun(rank, (epoch, had))
        rest = list(resumed)
        assert rest == whole[had:]
        before += whole[:had]
        after += rest
        resumed.set_epoch(epoch + 1)
        assert list(resumed) == list(begun(rank, (epoch + 1, 0)))  # the next epoch is whole again
    assert sorted(chain.from_iterable(before + after)) == list(range(len(sizes)))


def test_ranks_take_similar_batches_at_the_same_step() -> None:
    sizes = natural_sizes(4000)
    drawn = [list(sampler(sizes, BatchBudget(1000), rank=rank, world_size=2)) for rank in (0, 1)]
    longest = [[max(max(sizes[row]) for row in rows) for rows in batches] for batches in drawn]
    apart = [abs(first - second) for first, second in zip(*longest, strict=True)]
    assert np.mean(apart) < 1.0


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    sizes = natural_sizes(500)

    def draw(seed: int, epoch: int) -> list[list[int]]:
        batches = sampler(sizes, BatchBudget(400), seed=seed)
        batches.set_epoch(epoch)
        return list(batches)

    assert draw(0, 0) == draw(0, 0)
    assert draw(0, 0) != draw(0, 1)
    assert draw(0, 0) != draw(1, 0)


def test_iterating_twice_gives_the_same_epoch() -> None:
    batches = sampler(natural_sizes(200), BatchBudget(400))
    assert list(batches) == list(batches)


def test_the_number_of_batches_is_the_same_in_every_epoch() -> None:
    batches = sampler(natural_sizes(3000), BatchBudget(500))
    counts = set()
    for epoch in range(5):
        batches.set_epoch(epoch)
        counts.add(len(list(batches)))
    assert counts == {len(batches)}


def test_chance_enters_on_two_levels() -> None:
    sizes = natural_sizes(3000)
    batches = sampler(sizes, BatchBudget(500))
    first = list(batches)
    batches.set_epoch(1)
    second = list(batches)
    mates = {frozenset(rows) for rows in first}
    assert sum(frozenset(rows) in mates for rows in second) < len(second) / 2  # other company
    longest = [max(max(sizes[row]) for row in rows) for rows in second]
    assert longest != sorted(longest)  # and another order


def test_without_a_seed_batches_run_from_short_to_long() -> None:
    sizes = natural_sizes(300)
    batches = sampler(sizes, BatchBudget(400), seed=None)
    first = list(batches)
    longer = [max(sizes[row]) for rows in first for row in rows]
    assert longer == sorted(longer)
    batches.set_epoch(7)
    assert list(batches) == first


def test_padding_is_counted_on_both_sides() -> None:
    # One batch, 3 + 1 source tokens in 2 x 3 places, 2 + 4 target tokens in 2 x 4 places: 4 of 14 are padding.
    batches = sampler([(3, 2), (1, 4)], BatchBudget(max_sentences=2))
    assert batches.padding_share() == pytest.approx(4 / 14)


def test_similar_lengths_leave_little_padding() -> None:
    sizes = natural_sizes(20000)
    assert sampler(sizes, BatchBudget(2048)).padding_share() < 0.07
    rng = np.random.default_rng(0)
    random = [rng.permutation(20000)[:64].tolist() for _ in range(20)]
    places = sum(64 * (max(sizes[r][0] for r in rows) + max(sizes[r][1] for r in rows)) for rows in random)
    assert 1 - sum(sum(sizes[row]) for rows in random for row in rows) / places > 0.4


def test_a_sentence_count_alone_fills_every_batch_but_one() -> None:
    batches = sampler(natural_sizes(101), BatchBudget(max_sentences=10))
    assert sorted(map(len, batches)) == [1, *[10] * 10]
    assert len(batches) == math.ceil(101 / 10)


def test_a_budget_may_hold_exactly_the_longest_pair() -> None:
    assert sorted(map(len, sampler([(3, 7), (7, 1), (2, 2)], BatchBudget(7)))) == [1, 1, 1]


def test_no_pair_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"needs a pair of its own, but 1 processes share 0: lower trainer.devices"):
        sampler([], BatchBudget(7))


def test_a_budget_smaller_than_the_longest_pair_is_refused() -> None:
    message = (
        r"max_tokens is 1,000 and the longest pair has 1,234 tokens: raise max_tokens of data.batch \(of .* for "
        r"validation and test\) to at least 1234, or drop long sources with data.length"
    )
    with pytest.raises(ConfigError, match=message):
        sampler([(5, 1234), (5, 5)], BatchBudget(1000))


def test_more_ranks_than_pairs_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"needs a pair of its own, but 3 processes share 2: lower trainer.devices"):
        sampler([(1, 1), (1, 1)], BatchBudget(7), world_size=3)


def test_single_pairs_that_cannot_be_dealt_out_are_refused() -> None:
    message = "but 3 batches of 1 pair cannot be dealt out to 2 processes: raise data.batch.max_tokens or"
    with pytest.raises(ConfigError, match=message):
        sampler([(1, 1)] * 3, BatchBudget(max_sentences=1), world_size=2)


def test_a_budget_needs_a_limit() -> None:
    with pytest.raises(ConfigError, match=r"max_tokens and max_sentences of data.batch .* are both null: set one"):
        BatchBudget()
    with pytest.raises(ConfigError, match=r"at least 1, but max_tokens of data.batch .* is 0: raise it"):
        BatchBudget(max_tokens=0)
    with pytest.raises(ConfigError, match=r"at least 1, but max_sentences of .* is -1: raise it"):
        BatchBudget(max_sentences=-1)
