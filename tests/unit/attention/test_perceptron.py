"""Scores of a perceptron in bounded memory are those of the direct way."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from attnlab.attention import perceptron
from attnlab.attention.additive import Additive
from attnlab.attention.perceptron import KEPT, direct_scores, perceptron_scores, recomputed_scores

SHAPES = [(3, 4, 5, 6), (1, 1, 1, 1), (5, 1, 7, 3), (2, 9, 1, 4)]
CHUNKS = [1, 20, 100, 10**9]
"""From a single step of one sentence to all at once."""


def inputs(shape: tuple[int, int, int, int], dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    batch, target, source, key = shape
    sizes = ((batch, target, key), (batch, source, key), (key,))
    query, keys, vector = (torch.randn(size, dtype=torch.float64).to(dtype).requires_grad_() for size in sizes)
    return query, keys, vector


def gradients(scores: Tensor, tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    torch.manual_seed(1)
    incoming = torch.randn(scores.shape).bfloat16()  # every type holds these numbers
    return torch.autograd.grad(scores, tensors, incoming.to(scores.dtype))


def kept(query: Tensor, keys: Tensor, vector: Tensor, num_steps: int) -> int:
    """Numbers alive after a loop of single steps, beyond the query, keys and vector that exist anyway."""
    storages: dict[int, Tensor] = {}
    own = {tensor.untyped_storage().data_ptr() for tensor in (query, keys, vector)}

    def note(tensor: Tensor) -> Tensor:
        if tensor.untyped_storage().data_ptr() not in own:
            storages[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        alive = [perceptron_scores(query, keys, vector) for _ in range(num_steps)]
    assert len(alive) == num_steps
    return sum(tensor.untyped_storage().nbytes() // tensor.element_size() for tensor in storages.values())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("chunk", CHUNKS)
def test_recomputed_is_direct(shape: tuple[int, int, int, int], chunk: int) -> None:
    tensors = inputs(shape)
    fast, naive = recomputed_scores(*tensors, chunk=chunk), direct_scores(*tensors)
    assert_close(fast, naive, rtol=0.0, atol=1e-10)
    for one, other in zip(gradients(fast, tensors), gradients(naive, tensors), strict=True):
        assert_close(one, other, rtol=0.0, atol=1e-10)


@pytest.mark.parametrize("chunk", [1, 10**9])
def test_gradients_are_those_of_the_numbers(chunk: int) -> None:
    def scores(query: Tensor, keys: Tensor, vector: Tensor) -> Tensor:
        return recomputed_scores(query, keys, vector, chunk=chunk)

    assert torch.autograd.gradcheck(scores, inputs((2, 3, 4, 2)))


def test_tensors_that_repeat_their_numbers_are_read_right() -> None:
    query, keys, vector = inputs((3, 4, 5, 6))
    tensors = (query[:1].expand(3, -1, -1), keys.transpose(0, 1)[:3, :3].expand(-1, 3, -1), vector)
    fast, naive = recomputed_scores(*tensors, chunk=40), direct_scores(*tensors)
    assert_close(fast, naive)
    for one, other in zip(
        torch.autograd.grad(fast.sum(), (query, keys, vector)),  # the gradient of a sum is one number, expanded
        torch.autograd.grad(naive.sum(), (query, keys, vector)),
        strict=True,
    ):
        assert_close(one, other)


def test_bfloat16_loses_only_what_rounding_the_result_loses() -> None:
    """Each number of the result is within a last place (2^-8) of exact sums over the same inputs."""
    rough = inputs((3, 8, 20, 64), torch.bfloat16)
    exact = tuple(tensor.detach().double().requires_grad_() for tensor in rough)
    fast, naive = recomputed_scores(*rough, chunk=4000), direct_scores(*exact)
    assert fast.dtype == torch.bfloat16
    assert_close(fast.double(), naive, rtol=2**-8, atol=1e-5)
    for one, other in zip(gradients(fast, rough), gradients(naive, exact), strict=True):
        assert one.dtype == torch.bfloat16
        assert_close(one.double(), other, rtol=2**-8, atol=1e-5)


def test_autocast_gives_what_the_direct_way_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    scoring = Additive(query_size=8, memory_size=8, key_size=16)
    query, memory = torch.randn(2, 3, 8, requires_grad=True), torch.randn(2, 5, 8, requires_grad=True)
    results = []
    for limit in (KEPT, 0):
        monkeypatch.setattr(perceptron, "KEPT", limit)
        with torch.autocast("cpu", torch.bfloat16):
            scores = scoring(query, scoring.keys(memory))
        tensors = (query, memory, *scoring.parameters())
        results.append((scores, *torch.autograd.grad(scores.float().square().sum(), tensors)))
    for naive, fast in zip(*results, strict=True):
        assert fast.dtype == naive.dtype
        assert_close(fast, naive, rtol=0.05, atol=0.05)


def test_an_incoming_autocast_does_not_reach_the_gradient() -> None:
    tensors = inputs((2, 3, 4, 8), torch.float32)
    expected = gradients(direct_scores(*tensors), tensors)
    fast = recomputed_scores(*tensors, chunk=30)
    with torch.autocast("cpu", torch.bfloat16):
        found = gradients(fast, tensors)
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other)


def test_two_hundred_steps_keep_nothing_of_the_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    query, keys, vector = inputs((3, 1, 5, 4))
    pairs = 3 * 5 * 4
    assert kept(query, keys, vector, 200) >= 200 * pairs
    monkeypatch.setattr(perceptron, "KEPT", 0)
    assert kept(query, keys, vector, 200) == 0


@pytest.mark.parametrize(("shape", "is_kept"), [((64, 1, 20, 384), True), ((4, 1, 200, 512), False)])
def test_a_step_keeps_its_pairs_while_a_target_as_long_as_the_source_would_fit(
    shape: tuple[int, int, int, int], is_kept: bool
) -> None:
    """Usual sentences are read at full speed; at 200 words a loop of steps would keep hundreds of megabytes."""
    assert (kept(*inputs(shape, torch.float32), 1) > 0) == is_kept


@pytest.mark.parametrize(("target", "source", "reckoned"), [(1, 5, 5), (5, 5, 5), (9, 5, 9)])
def test_what_is_reckoned_with_is_the_longer_of_target_and_source(
    target: int, source: int, reckoned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    query, keys, vector = inputs((3, target, source, 4))
    for limit, is_kept in ((3 * source * 4 * reckoned, True), (3 * source * 4 * reckoned - 1, False)):
        monkeypatch.setattr(perceptron, "KEPT", limit)
        assert (kept(query, keys, vector, 1) > 0) == is_kept
