"""Excerpts of many steps against plain indexing."""

import pytest
import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.testing import assert_close

from attnlab.attention.windows.excerpt import Readable, excerpts

BATCH, SOURCE, SIZE = 2, 9, 3
STEPS = [torch.tensor([[[0, 1, 2]], [[6, 7, 8]]]), torch.tensor([[[1, 1, 2]], [[0, 0, 1]]])]
"""Positions (batch, one query, seen) of two steps; some are read twice."""


def vectors() -> Tensor:
    torch.manual_seed(0)
    return torch.randn(BATCH, SOURCE, SIZE, dtype=torch.float64).requires_grad_()


def by_excerpts(source: Readable, positions: Tensor, factor: Tensor) -> Tensor:
    with excerpts([source], positions, source_size=SOURCE) as (read,):
        return (read * factor).square()


def by_indexing(states: Tensor, positions: Tensor, factor: Tensor) -> Tensor:
    rows = torch.arange(BATCH).view(-1, 1, 1)
    return (states[rows, positions].flatten(0, 1) * factor).square()


@pytest.mark.parametrize("transposed", [False, True])
def test_steps_add_up_to_the_gradient_of_indexing(transposed: bool) -> None:
    states, factor = vectors(), torch.tensor([2.0, 3, 4], dtype=torch.float64).requires_grad_()
    shown = states.transpose(0, 1).contiguous().transpose(0, 1) if transposed else states
    source = Readable(shown)
    read = [by_excerpts(source, positions, factor) for positions in STEPS]
    indexed = [by_indexing(states, positions, factor) for positions in STEPS]
    assert_close(read, indexed, rtol=0, atol=0)
    leaves = [states, factor]
    for _ in range(2):  # a second pass starts from nothing
        found = torch.autograd.grad(torch.cat(read).sum(), leaves, retain_graph=True)
        assert_close(found, torch.autograd.grad(torch.cat(indexed).sum(), leaves, retain_graph=True))


def test_what_another_pass_left_does_not_count() -> None:
    states, factor = vectors(), torch.ones(SIZE, dtype=torch.float64).requires_grad_()
    source = Readable(states)
    first, second = (by_excerpts(source, positions, factor).sum() for positions in STEPS)
    torch.autograd.grad(first, [factor], retain_graph=True)  # asks for no gradient of the states
    (found,) = torch.autograd.grad(second, [states], retain_graph=True)
    (expected,) = torch.autograd.grad(by_indexing(states, STEPS[1], factor).sum(), [states])
    assert_close(found, expected)


def test_a_source_first_read_without_gradients_still_has_them() -> None:
    states, factor = vectors(), torch.ones(SIZE, dtype=torch.float64)
    source = Readable(states)
    with torch.no_grad():
        assert not by_excerpts(source, STEPS[0], factor).requires_grad
    by_excerpts(source, STEPS[0], factor).sum().backward()
    (expected,) = torch.autograd.grad(by_indexing(states, STEPS[0], factor).sum(), [states])
    assert states.grad is not None
    assert_close(states.grad, expected)


def test_gradients_of_bfloat16_are_added_up_in_float32() -> None:
    """Bfloat16 itself counts no further than 256."""
    states = torch.ones(1, SOURCE, SIZE, dtype=torch.bfloat16, requires_grad=True)
    source, total = Readable(states), torch.zeros(())
    for _ in range(300):
        with excerpts([source], torch.tensor([[[4]]]), source_size=SOURCE) as (read,):
            total = total + read.float().sum()
    total.backward()
    assert states.grad is not None
    assert states.grad[0, 4, 0] == 300
    assert states.grad.dtype == torch.bfloat16


def test_what_was_read_is_not_kept_until_the_backward_pass() -> None:
    states, factor = vectors(), torch.ones(SIZE, dtype=torch.float64).requires_grad_()
    with excerpts([Readable(states)], STEPS[0], source_size=SOURCE) as (read,):
        storage = StorageWeakRef(read.untyped_storage())
        product = read.transpose(1, 2) * factor.unsqueeze(-1)  # keeps a view of what was read
    del read
    assert storage.expired()
    (found,) = torch.autograd.grad(product.sum(), [factor])
    assert_close(found, states.detach()[torch.arange(BATCH).view(-1, 1, 1), STEPS[0]].sum((0, 1, 2)))
