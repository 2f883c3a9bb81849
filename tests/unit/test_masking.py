"""Length masks and the masked softmax."""

import pytest
import torch
from torch.testing import assert_close

from attnlab.masking import length_mask, masked_softmax, running_sum


def test_a_mask_marks_the_first_positions_of_each_row() -> None:
    mask = length_mask(torch.tensor([2, 0, 3]), 3)
    assert mask.tolist() == [[True, True, False], [False, False, False], [True, True, True]]


def test_the_softmax_of_a_worked_example() -> None:
    scores = torch.tensor([[[2.0, 2.0, 7.0]]])
    assert_close(masked_softmax(scores, torch.tensor([[[True, True, False]]])), torch.tensor([[[0.5, 0.5, 0.0]]]))


def test_whatever_stands_at_padding_gets_no_weight() -> None:
    scores = torch.tensor([[[0.0, float("nan")], [0.0, float("inf")]]])
    weights = masked_softmax(scores, torch.tensor([[[True, False]]]))
    assert_close(weights, torch.tensor([[[1.0, 0.0], [1.0, 0.0]]]))


def test_a_row_without_a_real_position_is_zero_and_so_is_its_gradient_elsewhere() -> None:
    scores = torch.zeros(2, 1, 2, requires_grad=True)
    weights = masked_softmax(scores, torch.tensor([[[False, False]], [[True, True]]]))
    assert_close(weights, torch.tensor([[[0.0, 0.0]], [[0.5, 0.5]]]))
    weights[1].sum().backward()
    assert scores.grad is not None
    assert torch.isfinite(scores.grad[1]).all()


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_a_running_sum_is_the_same_where_it_is_to_be_deterministic(dim: int) -> None:
    values = torch.randn(3, 4, 5, dtype=torch.float64)
    torch.use_deterministic_algorithms(True)
    try:
        summed = running_sum(values, dim)
    finally:
        torch.use_deterministic_algorithms(False)
    assert_close(summed, values.cumsum(dim), rtol=0, atol=1e-12)
    assert running_sum(values, dim).equal(values.cumsum(dim))
