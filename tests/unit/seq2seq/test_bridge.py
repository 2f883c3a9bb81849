"""Bridges lead from any depth to any depth."""

import pytest
import torch
from torch.testing import assert_close

from attnlab.errors import ShapeError
from attnlab.seq2seq.bridge import Bridge, Copy, Learned, Zero
from attnlab.seq2seq.cells import GRU, LSTM, Cell
from attnlab.seq2seq.state import RecurrentState


def final_state(num_layers: int, *, cell: Cell) -> RecurrentState:
    """Layer n holds n, its cell state -n, in two rows of size 4."""
    layers = torch.arange(1.0, num_layers + 1).reshape(-1, 1, 1).expand(-1, 2, 4)
    return RecurrentState(layers, -layers if cell.has_cell_state else None)


@pytest.mark.parametrize(
    ("encoder_layers", "decoder_layers", "expected"),
    [(1, 1, [1]), (2, 2, [1, 2]), (3, 3, [1, 2, 3]), (3, 1, [3]), (3, 2, [2, 3]), (1, 3, [1, 1, 1]), (2, 3, [1, 2, 2])],
)
def test_copy_goes_by_depth(encoder_layers: int, decoder_layers: int, expected: list[float], cell: Cell) -> None:
    first = Copy(memory_size=4, hidden_size=4, num_layers=decoder_layers)(final_state(encoder_layers, cell=cell))
    assert first.hidden[:, 0, 0].tolist() == expected
    assert first.hidden.shape == (decoder_layers, 2, 4)
    assert (first.cell is not None) == cell.has_cell_state
    if first.cell is not None:
        assert first.cell[:, 1, 3].tolist() == [-value for value in expected]


@pytest.mark.parametrize("encoder_layers", [1, 2, 3])
@pytest.mark.parametrize("decoder_layers", [1, 2, 3])
@pytest.mark.parametrize("name", ["copy", "learned", "zero"])
def test_any_depth_leads_to_any_depth(name: str, encoder_layers: int, decoder_layers: int, cell: Cell) -> None:
    bridges: dict[str, Bridge] = {
        "copy": Copy(memory_size=4, hidden_size=4, num_layers=decoder_layers),
        "learned": Learned(memory_size=4, hidden_size=4, num_layers=decoder_layers, cell=cell),
        "zero": Zero(hidden_size=4, num_layers=decoder_layers),
    }
    first = bridges[name](final_state(encoder_layers, cell=cell))
    assert first.hidden.shape == (decoder_layers, 2, 4)
    assert (None if first.cell is None else first.cell.shape) == (
        (decoder_layers, 2, 4) if cell.has_cell_state else None
    )


@pytest.mark.usefixtures("float64")
def test_learned_is_tanh_of_a_matrix_for_each_layer_and_no_tanh_for_cells() -> None:
    bridge = Learned(memory_size=3, hidden_size=5, num_layers=2, cell=LSTM())
    final = RecurrentState(torch.randn(4, 2, 3), torch.randn(4, 2, 3))
    first = bridge(final)
    assert final.cell is not None
    assert bridge.to_cell is not None
    for layer in range(2):
        rows = slice(5 * layer, 5 * layer + 5)
        weight, bias = bridge.to_hidden.weight[rows], bridge.to_hidden.bias[rows]
        assert_close(first.hidden[layer], torch.tanh(final.hidden[-1] @ weight.T + bias))
        weight, bias = bridge.to_cell.weight[rows], bridge.to_cell.bias[rows]
        assert_close(first.cell[layer], final.cell[-1] @ weight.T + bias)


def test_learned_has_no_matrix_for_a_cell_state_that_is_not_there() -> None:
    bridge = Learned(memory_size=4, hidden_size=4, num_layers=1, cell=GRU())
    assert {name for name, _ in bridge.named_parameters()} == {"to_hidden.weight", "to_hidden.bias"}


def test_zero_forgets_the_source(cell: Cell) -> None:
    first = Zero(hidden_size=7, num_layers=2)(final_state(3, cell=cell))
    assert first.hidden.shape == (2, 2, 7)
    assert not first.hidden.any()
    assert (first.cell is not None) == cell.has_cell_state


def test_copy_refuses_sizes_that_differ() -> None:
    with pytest.raises(ShapeError, match=r"memory_size == hidden_size, but they are 6 and 8: use model/bridge=learned"):
        Copy(memory_size=6, hidden_size=8, num_layers=1)
