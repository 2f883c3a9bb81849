"""Recurrent layers give the same numbers, whatever way they are run."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from attnlab.seq2seq.cells import LSTM, Cell
from attnlab.seq2seq.recurrent import RecurrentLayers
from attnlab.seq2seq.state import RecurrentState

BATCH, STEPS, KNOWN, FED, HIDDEN = 3, 4, 5, 2, 6
pytestmark = pytest.mark.usefixtures("float64")


def first_state(cell: Cell, num_layers: int) -> RecurrentState:
    hidden = torch.randn(num_layers, BATCH, HIDDEN).requires_grad_()
    return RecurrentState(hidden, torch.randn_like(hidden).requires_grad_() if cell.has_cell_state else None)


def everything(outputs: Tensor, last: RecurrentState) -> list[Tensor]:
    return [outputs, last.hidden] if last.cell is None else [outputs, last.hidden, last.cell]


@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("fed_size", [0, FED])
def test_all_ways_to_run_agree_in_values_and_gradients(cell: Cell, num_layers: int, fed_size: int) -> None:
    layers = RecurrentLayers(cell, KNOWN + fed_size, HIDDEN, num_layers=num_layers, dropout=0.0)
    inputs = torch.randn(BATCH, STEPS, KNOWN + fed_size).requires_grad_()
    start = first_state(cell, num_layers)

    def at_once() -> list[Tensor]:
        return everything(*layers.run(inputs, start))

    def by_steps() -> list[Tensor]:
        state, outputs = start, []
        for position in range(STEPS):
            output, state = layers.step(inputs[:, position], state)
            outputs.append(output)
        return everything(torch.stack(outputs, dim=1), state)

    def unrolled() -> list[Tensor]:
        loop, state, outputs = layers.unrolled(inputs[:, :, :KNOWN]), start, []
        for position in range(STEPS):
            output, state = loop.step(position, inputs[:, position, KNOWN:], state)
            outputs.append(output)
        return everything(torch.stack(outputs, dim=1), state)

    wanted = [inputs, start.hidden, *layers.parameters(), *([] if start.cell is None else [start.cell])]
    results = []
    for run in (at_once, by_steps, unrolled):
        values = run()
        torch.manual_seed(1)
        loss = torch.stack([(value * torch.randn(value.shape)).sum() for value in values]).sum()
        results.append((values, torch.autograd.grad(loss, wanted)))
    assert_close(results[1], results[0], rtol=0, atol=1e-12)
    assert_close(results[2], results[0], rtol=0, atol=1e-12)


def test_nothing_is_dropped_outside_training() -> None:
    layers = RecurrentLayers(LSTM(), KNOWN, HIDDEN, num_layers=2, dropout=0.9).eval()
    inputs, start = torch.randn(BATCH, KNOWN), first_state(LSTM(), 2)
    one, _ = layers.step(inputs, start)
    other, _ = layers.step(inputs, start)
    at_once, _ = layers.run(inputs.unsqueeze(1), start)
    assert_close(one, other, rtol=0, atol=0)
    assert_close(one, at_once.squeeze(1))


@pytest.mark.parametrize("way", ["run", "step", "unrolled"])
def test_only_what_goes_from_layer_to_layer_is_dropped(way: str, cell: Cell) -> None:
    layers = RecurrentLayers(cell, KNOWN, HIDDEN, num_layers=2, dropout=0.5).train()
    inputs, start = torch.randn(BATCH, KNOWN), first_state(cell, 2)

    def hidden() -> Tensor:
        if way == "run":
            return layers.run(inputs.unsqueeze(1), start)[1].hidden
        if way == "step":
            return layers.step(inputs, start)[1].hidden
        return layers.unrolled(inputs.unsqueeze(1)).step(0, torch.zeros(BATCH, 0), start)[1].hidden

    one, other = hidden(), hidden()
    assert_close(one[0], other[0], rtol=0, atol=0)
    assert not torch.allclose(one[1], other[1])
    assert (one[1] != 0).all()  # the last layer's own state is whole


def test_a_single_layer_drops_nothing(cell: Cell) -> None:
    layers = RecurrentLayers(cell, KNOWN, HIDDEN, num_layers=1, dropout=0.9).train()
    inputs, start = torch.randn(BATCH, KNOWN), first_state(cell, 1)
    assert_close(layers.step(inputs, start)[0], layers.step(inputs, start)[0], rtol=0, atol=0)
