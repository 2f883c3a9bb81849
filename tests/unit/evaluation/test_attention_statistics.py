"""Each figure by hand, its bounds, and what must not change it."""

import math

import pytest
import torch
from torch import Tensor

from attnlab.evaluation.attention_statistics import AttentionTotals

NAMES = [
    "attention_entropy",
    "attention_coverage_deviation",
    "attention_diagonal_distance",
    "attention_non_monotonic",
]


def figures(*rows: list[float]) -> dict[str, float]:
    return AttentionTotals.of(torch.tensor(rows, dtype=torch.float64)).figures()


def test_entropy_by_hand() -> None:
    # ln 2 for two equal places, 0 for one, ln 4 for four equal ones; EOS, the last, is a place.
    found = figures([0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.25, 0.25, 0.25, 0.25])
    assert found["attention_entropy"] == pytest.approx((math.log(2) + 0 + math.log(4)) / 3)


def test_entropy_is_of_the_shares_of_a_word_s_weight_if_it_has_any() -> None:
    # A window multiplied by a Gaussian leaves less than 1, and one that left the source nothing.
    assert figures([0.2, 0.2, 0.0], [0.0, 0.0, 0.0])["attention_entropy"] == pytest.approx(math.log(2))


def test_coverage_by_hand() -> None:
    # Two source words: c = (1.5, 0.1), so |1 - 1.5| = 0.5 and |1 - 0.1| = 0.9.
    assert figures([0.9, 0.1, 0.0], [0.6, 0.0, 0.4])["attention_coverage_deviation"] == pytest.approx(0.7)
    assert figures([0.0, 1.0, 0.0], [1.0, 0.0, 0.0])["attention_coverage_deviation"] == 0


def test_distance_by_hand() -> None:
    # Source words at 1/4 and 3/4, target words at 1/6, 3/6 and 5/6.
    found = figures([1.0, 0.0, 0.0], [0.5, 0.0, 0.5], [0.25, 0.75, 0.0])
    distances = 1.0 * (1 / 4 - 1 / 6) + 0.5 * (3 / 6 - 1 / 4) + 0.25 * (5 / 6 - 1 / 4) + 0.75 * (5 / 6 - 3 / 4)
    assert found["attention_diagonal_distance"] == pytest.approx(distances / 2.5)


def test_steps_by_hand() -> None:
    # Links 0, 2, EOS (stepped over), 1, 1, 3: to the right, to the left, staying, to the right.
    places = [0, 2, 4, 1, 1, 3]
    assert figures(*torch.eye(5)[places].tolist())["attention_non_monotonic"] == 1 / 4


def test_the_diagonal_is_perfect_and_the_other_diagonal_is_not() -> None:
    whole = torch.eye(5)[:4]  # four target words, four source words and EOS
    assert AttentionTotals.of(whole).figures() == dict.fromkeys(NAMES, 0)
    turned = AttentionTotals.of(whole.flip(0)).figures()
    assert turned["attention_coverage_deviation"] == turned["attention_entropy"] == 0
    assert turned["attention_non_monotonic"] == 1
    assert turned["attention_diagonal_distance"] == pytest.approx((3 + 1 + 1 + 3) / 4 / 4)


def test_the_mean_of_the_source_has_the_largest_entropy() -> None:
    found = AttentionTotals.of(torch.full((6, 10), 0.1)).figures()
    assert found["attention_entropy"] == pytest.approx(math.log(10))
    assert found["attention_non_monotonic"] == 0  # the first of equals, again and again


def loops(weights: Tensor) -> dict[str, float]:
    """The same definitions, one number at a time."""
    target, source = weights.shape[0], weights.shape[1] - 1
    w = weights.tolist()
    entropies = [-sum(p / sum(row) * math.log(p / sum(row)) for p in row if p) for row in w]
    coverages = [abs(1 - sum(w[i][j] for i in range(target))) for j in range(source)]
    far = near = 0.0
    for i in range(target):
        for j in range(source):
            near += w[i][j]
            far += w[i][j] * abs((j + 0.5) / source - (i + 0.5) / target)
    best = [row.index(max(row)) for row in w]
    linked = [place for place in best if place < source]
    left = [linked[step + 1] < linked[step] for step in range(len(linked) - 1)]
    return {
        "attention_entropy": sum(entropies) / target,
        "attention_coverage_deviation": sum(coverages) / source,
        "attention_diagonal_distance": far / near,
        "attention_non_monotonic": sum(left) / len(left),
    }


@pytest.mark.parametrize(("target", "source"), [(7, 5), (5, 9), (9, 2)])
def test_the_definitions_in_loops(target: int, source: int) -> None:
    weights = torch.randn(target, source + 1, dtype=torch.float64, generator=torch.manual_seed(1)).mul(2).softmax(dim=1)
    assert AttentionTotals.of(weights).figures() == pytest.approx(loops(weights), abs=1e-12)


def test_figures_of_a_corpus_are_ratios_of_sums() -> None:
    parts = [torch.eye(3)[[0]], torch.full((3, 4), 0.25)]
    total = AttentionTotals.total(AttentionTotals.of(part) for part in parts).figures()
    assert total["attention_entropy"] == pytest.approx((0 + 3 * math.log(4)) / 4)
    # c = (1, 0) and three times 0.75.
    assert total["attention_coverage_deviation"] == pytest.approx((0 + 1 + 3 * 0.25) / 5)


def test_what_rests_on_nothing_is_absent() -> None:
    assert figures([0.0, 0.0, 1.0]) == {"attention_entropy": 0, "attention_coverage_deviation": 1}
    empty = AttentionTotals.of(torch.zeros(0, 3)).figures()  # an empty translation
    assert empty == {"attention_coverage_deviation": 1}


def test_weights_of_any_precision_are_summed_in_float64() -> None:
    weights = torch.full((300, 301), 1 / 512, dtype=torch.bfloat16)
    assert AttentionTotals.of(weights).figures()["attention_entropy"] == pytest.approx(math.log(301), rel=1e-9)
