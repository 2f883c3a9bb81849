"""Collected gradients are those of `torch.nn.functional.linear`."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import linear
from torch.testing import assert_close

from attnlab.seq2seq.collected import CollectedLinear

Product = Callable[[Tensor], Tensor]


@pytest.fixture
def weight() -> Tensor:
    torch.manual_seed(0)
    return torch.randn(4, 4, dtype=torch.float64).requires_grad_()


@pytest.fixture
def inputs(weight: Tensor) -> Tensor:
    return torch.randn(3, 4, dtype=torch.float64).requires_grad_()


def plainly(weight: Tensor) -> Product:
    return lambda inputs: linear(inputs, weight)


def loop(product: Product, inputs: Tensor, steps: int) -> Tensor:
    """Each step reads what the step before it left."""
    for _ in range(steps):
        inputs = product(inputs).tanh()
    return inputs.square().sum()


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_a_loop_has_the_values_and_gradients_of_linear(weight: Tensor, inputs: Tensor, steps: int) -> None:
    results = []
    for make in (CollectedLinear, plainly):
        loss = loop(make(weight), inputs, steps)
        results.append((loss, torch.autograd.grad(loss, [weight, inputs])))
    assert_close(results[0], results[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("shape", [(3, 4), (4,)])
def test_what_is_added_gets_its_gradient(weight: Tensor, inputs: Tensor, shape: tuple[int, ...]) -> None:
    added = torch.randn(shape, dtype=torch.float64).requires_grad_()
    values = CollectedLinear(weight)(inputs, added), linear(inputs, weight) + added
    results = [(value, torch.autograd.grad(value.sin().sum(), [weight, inputs, added])) for value in values]
    assert_close(results[0], results[1], rtol=0, atol=1e-12)


def test_gradients_are_those_of_the_numbers(weight: Tensor, inputs: Tensor) -> None:
    assert torch.autograd.gradcheck(lambda w, x: loop(CollectedLinear(w), x, 3), (weight, inputs))


def test_steps_of_different_height_share_a_matrix(weight: Tensor) -> None:
    parts = [torch.randn(rows, 4, dtype=torch.float64) for rows in (1, 5, 2)]
    results = []
    for make in (CollectedLinear, plainly):
        product = make(weight)
        loss = torch.stack([product(part).cos().sum() for part in parts]).sum()
        results.append(torch.autograd.grad(loss, weight))
    assert_close(results[0], results[1], rtol=0, atol=1e-12)


def test_each_of_two_losses_gets_the_gradient_of_its_own_steps(weight: Tensor, inputs: Tensor) -> None:
    results = []
    for make in (CollectedLinear, plainly):
        product = make(weight)
        first = loop(product, inputs, 3)
        second = product(inputs.detach()).sin().sum()
        one = torch.autograd.grad(first, weight, retain_graph=True)
        other = torch.autograd.grad(second, weight, retain_graph=True)
        both = torch.autograd.grad(first + second, weight)
        results.append((one, other, both))
    assert_close(results[0], results[1], rtol=0, atol=1e-12)


def test_a_graph_that_is_kept_gives_the_same_gradient_again(weight: Tensor, inputs: Tensor) -> None:
    loss = loop(CollectedLinear(weight), inputs, 4)
    loss.backward(retain_graph=True)
    assert weight.grad is not None
    once = weight.grad.clone()
    loss.backward(retain_graph=True)
    loss.backward()
    assert_close(weight.grad, 3 * once)


def test_a_gradient_of_inputs_alone_leaves_nothing_behind(weight: Tensor, inputs: Tensor) -> None:
    product = CollectedLinear(weight)
    long, short = loop(product, inputs, 4), product(inputs).sum()
    torch.autograd.grad(long, inputs, retain_graph=True)
    assert_close(
        torch.autograd.grad(short, weight, retain_graph=True),
        torch.autograd.grad(plainly(weight)(inputs).sum(), weight),
    )
    torch.autograd.grad(long, inputs, retain_graph=True)
    long.backward()
    assert_close(weight.grad, torch.autograd.grad(loop(plainly(weight), inputs, 4), weight)[0])


def test_a_matrix_that_no_step_used_gets_no_gradient(weight: Tensor) -> None:
    CollectedLinear(weight)
    unused = CollectedLinear(weight)
    unused(torch.ones(1, 4, dtype=torch.float64))  # a step that leads to no loss
    weight.square().sum().backward()
    assert_close(weight.grad, 2 * weight.detach())


def test_no_tape_is_kept_without_gradients(weight: Tensor, inputs: Tensor) -> None:
    with torch.no_grad():
        product = CollectedLinear(weight)(inputs)
    assert not product.requires_grad
    assert_close(product, linear(inputs, weight).detach())


def test_a_frozen_matrix_still_passes_the_gradient_on(weight: Tensor, inputs: Tensor) -> None:
    frozen = weight.detach()
    results = [torch.autograd.grad(loop(make(frozen), inputs, 3), inputs) for make in (CollectedLinear, plainly)]
    assert_close(results[0], results[1])


def test_a_second_derivative_is_refused(weight: Tensor, inputs: Tensor) -> None:
    (gradient,) = torch.autograd.grad(loop(CollectedLinear(weight), inputs, 2), inputs, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_autocast_multiplies_in_bfloat16_as_linear_does() -> None:
    torch.manual_seed(0)
    weight, inputs = torch.randn(4, 4).requires_grad_(), torch.randn(3, 4).requires_grad_()
    results = []
    for make in (CollectedLinear, plainly):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            product = make(weight)
            assert product(inputs).dtype == torch.bfloat16
            loss = loop(product, inputs, 3)
        results.append((loss, torch.autograd.grad(loss, [weight, inputs])))
    assert results[0][1][0].dtype == torch.float32
    assert_close(results[0], results[1], rtol=0.05, atol=0.05)
