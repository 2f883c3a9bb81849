"""Monotonic attention: the walk itself, as training expects it and as evaluation takes it."""

from itertools import product

import pytest
import torch
from torch.testing import assert_close

from attnlab.attention.normalizers.monotonic import Monotonic, arrivals
from attnlab.attention.past import Past
from attnlab.errors import ConfigError, ShapeError

DOUBLE = torch.float64


def walker(offset: float = 0.0, noise: float = 0.0) -> Monotonic:
    return Monotonic(offset, noise).double()


def first_past(rows: int, source: int) -> Past:
    weights = torch.zeros(rows, 1, source, dtype=DOUBLE)
    weights[..., 0] = 1
    return Past(torch.zeros(rows, 1, dtype=torch.long), weights, torch.zeros_like(weights))


def steps(monotonic: Monotonic, scores: torch.Tensor) -> torch.Tensor:
    """Weights of all steps, one after the other, for scores (batch, target, source)."""
    past = first_past(scores.shape[0], scores.shape[2])
    mask = torch.ones(scores.shape[0], 1, scores.shape[2], dtype=torch.bool)
    collected = []
    for one in scores.unbind(dim=1):
        weights = monotonic(one.unsqueeze(1), mask, past)
        past = past.after(weights)
        collected.append(weights)
    return torch.cat(collected, dim=1)


def random_scores(*shape: int, scale: float = 1.0) -> torch.Tensor:
    torch.manual_seed(3)
    return scale * torch.randn(shape, dtype=DOUBLE)


def test_training_expects_what_all_walks_do() -> None:
    """Every outcome of every coin of 3 steps over 4 positions, each with its chance: 2^12 walks."""
    scores = random_scores(1, 3, 4)
    stop = scores[0].sigmoid()
    ends = torch.zeros(3, 4, dtype=DOUBLE)
    for coins in product([False, True], repeat=12):
        outcome = torch.tensor(coins).view(3, 4)
        chance = torch.where(outcome, stop, 1 - stop).prod()
        position = 0
        for step in range(3):
            while position < 4 and not outcome[step, position]:
                position += 1
            if position == 4:
                break
            ends[step, position] += chance
    assert_close(steps(walker(), scores)[0], ends, rtol=0.0, atol=1e-12)


def test_evaluation_takes_the_first_likely_position_from_the_last_one_on() -> None:
    scores = torch.tensor(
        [[[-1.0, 2, 3, -1], [5, -1, -1, 0.5], [9, 9, 9, 0.1], [9, 9, 9, -0.1], [9, 9, 9, 9]]], dtype=DOUBLE
    )
    weights = steps(walker().eval(), scores)[0]
    read = [[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]  # the end was passed: nothing more
    assert_close(weights, torch.tensor(read, dtype=DOUBLE))


def test_a_chance_of_one_half_is_not_enough() -> None:
    assert not steps(walker().eval(), torch.zeros(1, 1, 3, dtype=DOUBLE)).any()


def test_evaluation_never_goes_back() -> None:
    weights = steps(walker(offset=-0.5).eval(), random_scores(20, 15, 12))
    places = torch.where(weights.any(dim=-1), weights.argmax(dim=-1), 12)
    assert (places[:, 1:] >= places[:, :-1]).all()
    assert (places[:, 1:] > places[:, :-1]).any()
    assert set(weights.unique().tolist()) == {0.0, 1.0}


def test_training_and_evaluation_agree_once_all_is_certain() -> None:
    scores = 80 * random_scores(5, 4, 9).sign()
    assert_close(steps(walker(), scores), steps(walker().eval(), scores), rtol=0.0, atol=1e-12)


def test_what_is_missing_from_the_sum_never_comes_back() -> None:
    total = steps(walker(), random_scores(5, 6, 4)).sum(dim=-1)
    assert (total[:, 1:] < total[:, :-1]).all()


@pytest.mark.parametrize("scale", [1.0, 20.0, 1e4])
@pytest.mark.parametrize("source", [1, 2, 3, 8, 13])
def test_arrivals_are_those_of_the_loop(scale: float, source: int) -> None:
    go_on = random_scores(2, 3, source, scale=scale).sigmoid().requires_grad_()
    before = torch.rand(2, 3, source, dtype=DOUBLE).requires_grad_()
    slow = [before[..., 0]]
    for position in range(1, source):
        slow.append(go_on[..., position - 1] * slow[-1] + before[..., position])
    naive, fast = torch.stack(slow, dim=-1), arrivals(go_on, before) + 0 * go_on  # unused where source is 1
    assert_close(fast, naive, rtol=1e-12, atol=1e-12)
    weight = torch.rand_like(naive)
    wanted = torch.autograd.grad((naive * weight).sum(), (go_on, before), allow_unused=True, materialize_grads=True)
    assert_close(torch.autograd.grad((fast * weight).sum(), (go_on, before)), wanted, rtol=1e-10, atol=1e-12)


def test_a_likely_stop_before_the_start_loses_nothing() -> None:
    """Where the closed form of the paper divides 0 by the smallest number it admits."""
    past = first_past(1, 4)
    past = past.after(torch.tensor([[[0.0, 0, 1, 0]]], dtype=DOUBLE))
    scores = torch.tensor([[[60.0, 60, 0, 60]]], dtype=DOUBLE)
    weights = walker()(scores, torch.ones(1, 1, 4, dtype=torch.bool), past)
    assert_close(weights, torch.tensor([[[0.0, 0, 0.5, 0.5]]], dtype=DOUBLE))


def test_noise_is_for_training_alone() -> None:
    scores = random_scores(2, 3, 6)
    noisy = walker(noise=1.0)
    assert not torch.equal(steps(noisy, scores), steps(noisy, scores))
    assert torch.equal(steps(noisy.eval(), scores), steps(noisy, scores))


def test_the_offset_is_added_to_every_score() -> None:
    scores = random_scores(2, 3, 6)
    assert_close(steps(walker(offset=1.0), scores), steps(walker(), scores + 1))


def test_an_untrained_walk_goes_on_by_one_position_a_step() -> None:
    """Of exp(-r) positions, as the yaml says: chances of 1/2 pass one position on average."""
    weights = steps(walker(), torch.zeros(1, 3, 200, dtype=DOUBLE))[0]
    assert_close(weights @ torch.arange(200, dtype=DOUBLE), torch.tensor([1.0, 2, 3], dtype=DOUBLE))


@pytest.mark.parametrize("noise", [-1.0, float("nan"), float("inf")])
def test_noise_must_be_a_standard_deviation(noise: float) -> None:
    with pytest.raises(ConfigError, match=rf"cannot be {noise}: set model\.normalizer\.noise to 1, or to 0"):
        Monotonic(0.0, noise)


def test_heads_are_refused() -> None:
    scores = torch.zeros(1, 8, 1, 4, dtype=DOUBLE)
    with pytest.raises(ShapeError, match=r"walks along the source once, but these scores have 8 heads: take"):
        walker()(scores, torch.ones(1, 1, 1, 4, dtype=torch.bool), first_past(1, 4))
