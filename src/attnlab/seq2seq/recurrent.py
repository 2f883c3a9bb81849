"""The recurrent layers of a decoder: all steps at once where inputs are known, else one at a time."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial

from jaxtyping import Float
from torch import Tensor, cat, nn, stack
from torch.nn.functional import linear

from attnlab.seq2seq.cells import Cell, CellState, SummingCell, run_layers
from attnlab.seq2seq.collected import CollectedLinear
from attnlab.seq2seq.dropout import drop
from attnlab.seq2seq.state import RecurrentState

Take = Callable[[int, Tensor, CellState], CellState]
"""One layer's number, what it reads from below and its old state -> its new state."""


class RecurrentLayers(nn.Module):
    """Layers of one kind of cell with dropout between them (not after the last).

    The parameters are those of torch's own module, whatever way the layers are run.
    """

    def __init__(self, cell: Cell, input_size: int, hidden_size: int, *, num_layers: int, dropout: float) -> None:
        super().__init__()
        self.cell = cell
        self.num_layers = num_layers
        self.dropout = dropout if num_layers > 1 else 0.0
        self.layers = cell.build(input_size, hidden_size, num_layers=num_layers, dropout=dropout, bidirectional=False)

    def run(
        self, inputs: Float[Tensor, "batch target input"], state: RecurrentState
    ) -> tuple[Float[Tensor, "batch target hidden"], RecurrentState]:
        """All steps at once, by torch's module. The state has axes layers, batch, hidden."""
        hidden = state.hidden.contiguous()
        if self.cell.has_cell_state:
            assert state.cell is not None
            outputs, (hidden, cell) = run_layers(self.layers, inputs, (hidden, state.cell.contiguous()))
            return outputs, RecurrentState(hidden, cell)
        outputs, hidden = run_layers(self.layers, inputs, hidden)
        return outputs, RecurrentState(hidden, None)

    def step(
        self, inputs: Float[Tensor, "rows input"], state: RecurrentState
    ) -> tuple[Float[Tensor, "rows hidden"], RecurrentState]:
        """One step. The state has axes layers, rows, hidden."""
        return self._step(inputs, state, self._take)

    def unrolled(self, inputs: Float[Tensor, "batch target input"]) -> "Unrolled":
        """Prepares steps whose input is a known part, given here for all steps, joined to a part fed back at each."""
        if isinstance(self.cell, SummingCell):
            return _Joined(self, self.cell, inputs)
        return _Apart(self, inputs)

    def _take(self, layer: int, below: Tensor, old: CellState) -> CellState:
        """One layer, as it stands in the books."""
        from_input, from_hidden, input_bias, hidden_bias = self._parameters_of(layer)
        return self.cell.update(
            linear(below, from_input, input_bias), linear(old.hidden, from_hidden, hidden_bias), old
        )

    def _step(self, inputs: Tensor, state: RecurrentState, take: Take) -> tuple[Tensor, RecurrentState]:
        states: list[CellState] = []
        for layer in range(self.num_layers):
            below = inputs if layer == 0 else drop(states[-1].hidden, self.dropout, self.training)
            old = CellState(state.hidden[layer], None if state.cell is None else state.cell[layer])
            states.append(take(layer, below, old))
        cells = [state.cell for state in states if state.cell is not None]
        new = RecurrentState(stack([state.hidden for state in states]), stack(cells) if cells else None)
        return states[-1].hidden, new

    def _parameters_of(self, layer: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Weights of input and hidden state, biases of input and hidden state."""
        from_input, from_hidden, input_bias, hidden_bias = self.layers.all_weights[layer]
        return from_input, from_hidden, input_bias, hidden_bias


class Unrolled(ABC):
    """The same steps with all that they can share taken out of the loop.

    The known part of every step's input meets its weights in one product, and the weights of the rest collect their
    gradients.
    """

    def __init__(self, recurrent: RecurrentLayers) -> None:
        self.recurrent = recurrent

    def step(
        self, number: int, fed: Float[Tensor, "rows fed"], state: RecurrentState
    ) -> tuple[Float[Tensor, "rows hidden"], RecurrentState]:
        """Step `number`, counted from 0. The state has axes layers, rows, hidden."""
        return self.recurrent._step(fed, state, partial(self._take, number))

    @abstractmethod
    def _take(self, number: int, layer: int, below: Tensor, old: CellState) -> CellState:
        """One layer; the lowest reads what is fed back."""


class _Joined(Unrolled):
    """One product for what comes from below and from the hidden state."""

    def __init__(self, recurrent: RecurrentLayers, cell: SummingCell, inputs: Tensor) -> None:
        super().__init__(recurrent)
        self.cell = cell
        parameters = [recurrent._parameters_of(layer) for layer in range(recurrent.num_layers)]
        self._biases = [input_bias + hidden_bias for *_, input_bias, hidden_bias in parameters]
        known, first = inputs.shape[-1], parameters[0][0]
        self._known = linear(inputs.transpose(0, 1), first[:, :known], self._biases[0]).unbind()
        self._products = [
            CollectedLinear(cat([from_input[:, known:] if layer == 0 else from_input, from_hidden], dim=1))
            for layer, (from_input, from_hidden, *_) in enumerate(parameters)
        ]

    def _take(self, number: int, layer: int, below: Tensor, old: CellState) -> CellState:
        added = self._known[number] if layer == 0 else self._biases[layer]
        return self.cell.advance(self._products[layer](cat([below, old.hidden], dim=1), added), old)


class _Apart(Unrolled):
    """A product for each."""

    def __init__(self, recurrent: RecurrentLayers, inputs: Tensor) -> None:
        super().__init__(recurrent)
        parameters = [recurrent._parameters_of(layer) for layer in range(recurrent.num_layers)]
        known, first = inputs.shape[-1], parameters[0][0]
        self._known = linear(inputs.transpose(0, 1), first[:, :known], parameters[0][2]).unbind()
        self._biases = [(input_bias, hidden_bias) for *_, input_bias, hidden_bias in parameters]
        self._below = [CollectedLinear(first[:, known:]), *(CollectedLinear(weight) for weight, *_ in parameters[1:])]
        self._hidden = [CollectedLinear(weight) for _, weight, *_ in parameters]

    def _take(self, number: int, layer: int, below: Tensor, old: CellState) -> CellState:
        input_bias, hidden_bias = self._biases[layer]
        from_input = self._below[layer](below, self._known[number] if layer == 0 else input_bias)
        return self.recurrent.cell.update(from_input, self._hidden[layer](old.hidden, hidden_bias), old)
