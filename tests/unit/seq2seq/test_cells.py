"""One step of each cell is that of torch's own."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.nn.utils.rnn import pack_sequence
from torch.testing import assert_close

from attnlab.seq2seq.cells import GRU, LSTM, Cell, CellState, Plain, run_as_stored, run_layers

CELLS: list[tuple[Cell, Callable[..., nn.RNNCellBase]]] = [
    (LSTM(), nn.LSTMCell),
    (GRU(), nn.GRUCell),
    (Plain(), nn.RNNCell),
]
pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize(("cell", "make"), CELLS, ids=["lstm", "gru", "plain"])
def test_a_step_is_that_of_torch_in_values_and_gradients(cell: Cell, make: Callable[..., nn.RNNCellBase]) -> None:
    theirs = make(3, 4)
    inputs, hidden, memory = torch.randn(5, 3), torch.randn(5, 4), torch.randn(5, 4)
    known = [tensor.requires_grad_() for tensor in (inputs, hidden, memory)[: 3 if cell.has_cell_state else 2]]
    known += list(theirs.parameters())

    def ours() -> list[Tensor]:
        from_input = linear(inputs, theirs.weight_ih, theirs.bias_ih)
        from_hidden = linear(hidden, theirs.weight_hh, theirs.bias_hh)
        new = cell.update(from_input, from_hidden, CellState(hidden, memory if cell.has_cell_state else None))
        assert (new.cell is not None) == cell.has_cell_state
        return [new.hidden] if new.cell is None else [new.hidden, new.cell]

    def reference() -> list[Tensor]:
        return list(theirs(inputs, (hidden, memory))) if cell.has_cell_state else [theirs(inputs, hidden)]

    results = []
    for run in (ours, reference):
        values = run()
        loss = torch.stack([(value * factor).sum() for factor, value in enumerate(values, start=2)]).sum()
        results.append((values, torch.autograd.grad(loss, known)))
    assert_close(results[0], results[1], rtol=0, atol=1e-12)


def test_a_forgotten_memory_is_the_candidate_alone() -> None:
    gates = torch.tensor([[40.0, -40.0, 0.5, 40.0]])  # enter fully, forget everything, candidate, leave fully
    new = LSTM().update(gates, torch.zeros(1, 4), CellState(torch.zeros(1, 1), torch.full((1, 1), 9.0)))
    assert new.cell is not None
    assert new.cell.item() == pytest.approx(math.tanh(0.5))
    assert new.hidden.item() == pytest.approx(math.tanh(math.tanh(0.5)))


def test_a_gate_that_keeps_everything_leaves_the_state_as_it_was() -> None:
    gates = torch.tensor([[0.0, 40.0, 5.0]])  # reset, keep, new
    new = GRU().update(gates, torch.zeros(1, 3), CellState(torch.full((1, 1), 0.25), None))
    assert new.hidden.item() == pytest.approx(0.25)


@pytest.mark.parametrize("cell", [LSTM(), GRU(), Plain()])
def test_recurrent_matrices_start_orthogonal_gate_by_gate(cell: Cell) -> None:
    layers = cell.build(3, 5, num_layers=2, dropout=0.0, bidirectional=True)
    matrices = [weight for name, weight in layers.named_parameters() if name.startswith("weight_hh")]
    assert len(matrices) == 4
    for matrix in matrices:
        for gate in matrix.split(5):
            assert_close(gate @ gate.T, torch.eye(5), rtol=0, atol=1e-5)


def test_the_forget_gate_of_an_lstm_starts_nearly_open() -> None:
    layers = LSTM().build(3, 5, num_layers=1, dropout=0.0, bidirectional=False)
    bias = dict(layers.named_parameters())["bias_hh_l0"]
    assert (bias[5:10] == 1).all()
    assert (bias[:5].abs() < 1).all()


@pytest.mark.parametrize("cell", [LSTM(), GRU(), Plain()])
def test_layers_run_as_they_are_stored_whatever_autocast_says(cell: Cell) -> None:
    """A CPU would run the last two in bfloat16, a GPU all three in float16."""
    layers = cell.build(3, 5, num_layers=2, dropout=0.0, bidirectional=False).float()
    inputs, first = torch.randn(2, 4, 3, dtype=torch.float32), torch.zeros(2, 2, 5, dtype=torch.float32)
    state = (first, first) if cell.has_cell_state else first
    rough = (first.bfloat16(), first.bfloat16()) if cell.has_cell_state else first.bfloat16()
    plain, last = run_layers(layers, inputs, state)
    with torch.autocast("cpu", torch.bfloat16):
        assert_close(run_as_stored(layers, inputs, rough), (plain, last), rtol=0, atol=0)
        packed, _ = run_as_stored(layers, pack_sequence(list(inputs)))
    assert packed.data.dtype == torch.float32
