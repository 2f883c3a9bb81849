"""The best of many values, in an order that does not depend on the sort."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlab.decoding.candidates import BLOCK, best_candidates, require_numbers, stable_topk
from attnlab.errors import RunError

INFINITE = float("-inf")


@settings(deadline=None)
@given(
    rows=st.integers(1, 12).flatmap(
        lambda width: st.lists(
            st.lists(st.sampled_from([INFINITE, -2.0, -1.0, -0.5, 0.0]), min_size=width, max_size=width),
            min_size=1,
            max_size=4,
        )
    ),
    count=st.integers(1, 15),
)
def test_stable_topk_is_a_stable_sort(rows: list[list[float]], count: int) -> None:
    values, places = stable_topk(torch.tensor(rows), count)
    for row, best, where in zip(rows, values.tolist(), places.tolist(), strict=True):
        expected = sorted(range(len(row)), key=lambda place: -row[place])[:count]
        assert best == [row[place] for place in expected]
        allowed = [place for place in expected if row[place] > INFINITE]
        assert where[: len(allowed)] == allowed, "which forbidden places fill up the rest does not matter"


@pytest.mark.parametrize("count", [1, 2, 10])
@pytest.mark.parametrize("width", [2 * 10 * BLOCK, 2 * 10 * BLOCK + 17, 20 * 10 * BLOCK - 1])
@pytest.mark.parametrize("kinds", [2, 30, 10**6])
def test_long_rows_are_ranked_by_their_best_blocks(width: int, count: int, kinds: int) -> None:
    """However many values are equal: with two kinds nearly every block holds the best."""
    values = torch.randint(kinds, (5, width), generator=torch.Generator().manual_seed(width + count)).log()
    best, places = stable_topk(values, count)
    expected = values.sort(dim=1, descending=True, stable=True)
    assert torch.equal(best, expected.values[:, :count])
    assert torch.equal(places, expected.indices[:, :count])


def test_stable_topk_of_many_ties() -> None:
    values = torch.zeros(3, 10_000)
    values[1, 7000] = 1.0
    _, places = stable_topk(values, 4)
    assert places.tolist() == [[0, 1, 2, 3], [7000, 0, 1, 2], [0, 1, 2, 3]]


def test_candidates_name_hypothesis_and_token() -> None:
    found = best_candidates(torch.tensor([[[-1.0, -4.0, -2.0], [-3.0, INFINITE, -1.5]]]), 4)
    assert found.log_probs.tolist() == [[-1.0, -1.5, -2.0, -3.0]]
    assert found.parents.tolist() == [[0, 1, 0, 1]]
    assert found.tokens.tolist() == [[0, 2, 2, 0]]


def test_nan_is_refused() -> None:
    require_numbers(torch.tensor([INFINITE, 0.0]))
    with pytest.raises(RunError, match="the model gave NaN: its weights have diverged; take an earlier checkpoint"):
        require_numbers(torch.tensor([0.0, float("nan")]))
