"""Collected gradients are those of plain products with a source's vectors."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from attnlab.attention.collected import CollectedVectors

Loop = Callable[[Tensor, Tensor], Tensor]


@pytest.fixture
def vectors() -> Tensor:
    torch.manual_seed(0)
    return torch.randn(2, 5, 3, dtype=torch.float64).requires_grad_()


@pytest.fixture
def query(vectors: Tensor) -> Tensor:
    return torch.randn(2, 1, 3, dtype=torch.float64).requires_grad_()


def collected(vectors: Tensor, query: Tensor, steps: int = 3) -> Tensor:
    shared = CollectedVectors(vectors)
    for _ in range(steps):
        query = shared.weigh(shared.compare(query).softmax(dim=-1)).tanh()
    return query.sum()


def plain(vectors: Tensor, query: Tensor, steps: int = 3) -> Tensor:
    for _ in range(steps):
        query = ((query @ vectors.transpose(1, 2)).softmax(dim=-1) @ vectors).tanh()
    return query.sum()


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_a_loop_has_the_values_and_gradients_of_plain_products(vectors: Tensor, query: Tensor, steps: int) -> None:
    results = []
    for loop in (collected, plain):
        loss = loop(vectors, query, steps)
        results.append((loss, torch.autograd.grad(loss, [vectors, query])))
    assert_close(results[0], results[1], rtol=0, atol=1e-12)


def test_vectors_that_are_only_compared_or_only_weighed_get_their_gradient(vectors: Tensor, query: Tensor) -> None:
    scores = CollectedVectors(vectors).compare(query)
    sums = CollectedVectors(vectors).weigh(scores.detach())
    expected = ((query @ vectors.transpose(1, 2)).sin().sum(), (scores.detach() @ vectors).sin().sum())
    for ours, theirs in zip((scores.sin().sum(), sums.sin().sum()), expected, strict=True):
        assert_close(torch.autograd.grad(ours, vectors), torch.autograd.grad(theirs, vectors), rtol=0, atol=1e-12)


def test_autocast_multiplies_in_bfloat16() -> None:
    torch.manual_seed(0)
    vectors, query = torch.randn(2, 5, 3).requires_grad_(), torch.randn(2, 1, 3).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert CollectedVectors(vectors).compare(query).dtype == torch.bfloat16
        loss = collected(vectors, query)
    gradients = torch.autograd.grad(loss, [vectors, query])
    assert [each.dtype for each in gradients] == [torch.float32, torch.float32]
    assert_close(gradients, torch.autograd.grad(plain(vectors, query), [vectors, query]), rtol=0.05, atol=0.05)
