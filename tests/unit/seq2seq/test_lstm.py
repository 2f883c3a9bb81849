"""The faster ways through an LSTM give the numbers of the slow ones."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.testing import assert_close

from attnlab.seq2seq.cells import LSTM, CellState
from attnlab.seq2seq.lstm import run_padded, runs_unpacked, step_lstm

LENGTHS = torch.tensor([4, 6, 1])


def pieces(outputs: Tensor, last: tuple[Tensor, Tensor]) -> list[Tensor]:
    return [outputs, *last]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_padded_sentences_are_read_as_packed_ones_in_values_and_gradients(num_layers: int, bidirectional: bool) -> None:
    layers = nn.LSTM(5, 3, num_layers, bidirectional=bidirectional, batch_first=True)
    inputs = torch.randn(3, 6, 5).requires_grad_()

    def packed() -> list[Tensor]:
        outputs, last = layers(pack_padded_sequence(inputs, LENGTHS, batch_first=True, enforce_sorted=False))
        return pieces(pad_packed_sequence(outputs, batch_first=True)[0], last)

    results = []
    for values in (pieces(*run_padded(layers, inputs, LENGTHS)), packed()):
        torch.manual_seed(1)
        loss = torch.stack([(value * torch.randn(value.shape)).sum() for value in values]).sum()
        results.append((values, torch.autograd.grad(loss, [inputs, *layers.parameters()])))
    assert_close(results[0], results[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("autocast", [True, False])
def test_what_stands_past_the_end_changes_not_a_bit(autocast: bool) -> None:
    if autocast and not runs_unpacked(torch.bfloat16):
        pytest.skip("the LSTM kernel of this CPU knows no bfloat16")
    torch.manual_seed(0)
    layers = nn.LSTM(5, 3, 2, bidirectional=True, batch_first=True)
    inputs = torch.randn(3, 6, 5)
    garbage = inputs.clone()
    for row, length in zip(garbage, LENGTHS.tolist(), strict=True):
        row[length:] = 1e4
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        clean, dirty = (pieces(*run_padded(layers, each, LENGTHS)) for each in (inputs, garbage))
    assert_close(clean, dirty, rtol=0, atol=0)
    assert not clean[0][0, 4:].any()


def test_a_cpu_that_refuses_a_type_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(*_: object) -> None:
        asked.append(1)
        raise RuntimeError("bfloat16 needs avx512")

    assert runs_unpacked(torch.float32)
    monkeypatch.setattr(torch, "lstm", refuse)
    runs_unpacked.cache_clear()
    assert [runs_unpacked(torch.bfloat16) for _ in range(2)] == [False, False]
    assert len(asked) == 1
    runs_unpacked.cache_clear()


@pytest.mark.usefixtures("float64")
def test_a_step_is_that_of_the_formula_in_values_and_gradients() -> None:
    gates, cell = torch.randn(4, 12).requires_grad_(), torch.randn(4, 3).requires_grad_()
    results = []
    for hidden, new in (step_lstm(gates, cell), LSTM().update(gates, torch.zeros_like(gates), CellState(cell, cell))):
        assert new is not None
        loss = (hidden * torch.arange(3)).sum() + new.sin().sum()
        results.append((hidden, new, torch.autograd.grad(loss, [gates, cell])))
    assert_close(results[0], results[1], rtol=0, atol=1e-12)


@pytest.mark.usefixtures("float64")
def test_gradients_of_a_step_are_those_of_the_numbers() -> None:
    gates, cell = torch.randn(2, 12).requires_grad_(), torch.randn(2, 3).requires_grad_()
    assert torch.autograd.gradcheck(step_lstm, (gates, cell))


def test_cell_states_of_a_bfloat16_step_are_kept_in_float32() -> None:
    torch.manual_seed(0)
    gates, cell = torch.randn(4, 12).bfloat16().requires_grad_(), torch.randn(4, 3).bfloat16().requires_grad_()
    hidden, new = step_lstm(gates, cell)
    assert (hidden.dtype, new.dtype) == (torch.bfloat16, torch.float32)
    exact = step_lstm(gates.float(), cell.float())
    assert_close((hidden.float(), new), exact, rtol=2**-8, atol=0)
    assert_close(new, exact[1], rtol=0, atol=0)
    gradients = torch.autograd.grad(hidden.sum() + new.sum(), [gates, cell])
    assert [each.dtype for each in gradients] == [torch.bfloat16, torch.bfloat16]
