"""Ways of merging, held against their formulas, one row at a time."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from attnlab.seq2seq.merge import Attentional, Concatenation, Gated, Merge

MERGES = [Attentional, Concatenation, Gated]


def expected(merge: Merge, context: Tensor, hidden: Tensor) -> Tensor:
    weights = dict(merge.named_parameters())
    if isinstance(merge, Concatenation):
        return torch.cat([context, hidden])
    if isinstance(merge, Gated):
        context = torch.sigmoid(weights["gate.weight"] @ torch.cat([context, hidden])) * context
    return torch.tanh(weights["projection.weight"] @ torch.cat([context, hidden]))


@pytest.fixture(params=MERGES)
def merge(request: pytest.FixtureRequest) -> Merge:
    torch.manual_seed(0)
    built: Merge = request.param(3, 2).double()
    return built


def inputs() -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(4, 5, 3, dtype=torch.float64), torch.randn(4, 5, 2, dtype=torch.float64)


def test_each_equals_its_formula(merge: Merge) -> None:
    context, hidden = inputs()
    merged = merge(context, hidden)
    rows = zip(context.flatten(0, 1), hidden.flatten(0, 1), strict=True)
    by_hand = torch.stack([expected(merge, *row) for row in rows]).view(4, 5, -1)
    assert_close(merged, by_hand, rtol=0, atol=1e-10)
    assert merged.shape[-1] == merge.output_size


def test_the_looped_form_gives_the_same_numbers_and_gradients(merge: Merge) -> None:
    context, hidden = (tensor.requires_grad_() for tensor in inputs())
    looped = merge.looped()
    stepped = torch.stack([looped(context[:, step], hidden[:, step]) for step in range(5)], dim=1)
    results = [
        (merged, torch.autograd.grad(merged.cos().sum(), [context, hidden, *merge.parameters()]))
        for merged in (merge(context, hidden), stepped)
    ]
    assert_close(results[0], results[1], rtol=0, atol=1e-10)


def test_a_closed_gate_shuts_the_context_out() -> None:
    torch.manual_seed(0)
    merge, (context, hidden) = Gated(3, 2).double(), inputs()
    with torch.no_grad():
        merge.gate.weight.zero_()
        merge.gate.weight[:, 3:] = -1e4
    shut = merge(context, hidden.abs())
    assert_close(shut, merge(torch.zeros_like(context), hidden.abs()))
