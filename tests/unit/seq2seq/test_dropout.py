"""Dropout drops the share that it is told to and keeps the mean."""

import pytest
import torch
from torch.testing import assert_close

from attnlab.seq2seq.dropout import Dropout, drop


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_values_are_dropped_at_the_rate_and_the_rest_grows(rate: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    values = torch.full((100_000,), 3.0, dtype=dtype)
    dropped = drop(values, rate, training=True)
    assert dropped.dtype == dtype
    kept = dropped[dropped != 0]
    assert_close(kept, values[: len(kept)] / (1 - rate), rtol=2 * torch.finfo(dtype).eps, atol=0)
    deviation = (rate * (1 - rate) / len(values)) ** 0.5
    assert abs(1 - len(kept) / len(values) - rate) < 5 * deviation


def test_a_gradient_passes_where_a_value_did() -> None:
    torch.manual_seed(0)
    values = torch.ones(50, requires_grad=True)
    dropped = drop(values, 0.5, training=True)
    dropped.sum().backward()
    assert_close(values.grad, dropped.detach())


def test_everything_may_be_dropped() -> None:
    assert not drop(torch.ones(5), 1.0, training=True).any()


@pytest.mark.parametrize(("rate", "training"), [(0.0, True), (0.9, False)])
def test_nothing_is_dropped_and_nothing_drawn_where_it_is_off(rate: float, training: bool) -> None:
    values, before = torch.randn(5), torch.get_rng_state()
    assert Dropout(rate).train(training)(values) is values
    assert torch.equal(torch.get_rng_state(), before)


def test_the_same_seed_drops_the_same() -> None:
    layer, values, results = Dropout(0.5), torch.ones(100), []
    for _ in range(2):
        torch.manual_seed(1)
        results.append(layer(values))
    assert torch.equal(*results)
