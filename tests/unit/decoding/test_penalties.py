"""The penalties of Wu et al. (2016), on numbers that a reader can check by hand."""

import math

import pytest
import torch

from attnlab.decoding.penalties import COVERAGE_FLOOR, coverage_penalty, length_penalty


def test_length_penalty() -> None:
    assert length_penalty(1, 0.7) == 1.0
    assert length_penalty(7, 1.0) == 2.0
    assert length_penalty(19, 0.5) == 2.0
    assert length_penalty(100, 0.0) == 1.0


def test_coverage_penalty() -> None:
    """Positions seen half and a quarter cost log 8 together; one seen more than once costs nothing."""
    coverage = torch.tensor([[[0.5, 0.25, 1.75]]])
    penalty = coverage_penalty(coverage, torch.ones(1, 3, dtype=torch.bool), 0.5)
    assert penalty.item() == pytest.approx(-0.5 * math.log(8))


def test_padding_costs_nothing() -> None:
    coverage = torch.tensor([[[0.5, 0.0, float("nan"), float("inf")]]])
    penalty = coverage_penalty(coverage, torch.tensor([[True, False, False, False]]), 1.0)
    assert penalty.item() == pytest.approx(math.log(0.5))


def test_an_unseen_position_costs_much_but_not_everything() -> None:
    penalty = coverage_penalty(torch.tensor([[[1.0, 0.0]]]), torch.ones(1, 2, dtype=torch.bool), 1.0)
    assert penalty.item() == pytest.approx(math.log(COVERAGE_FLOOR))
