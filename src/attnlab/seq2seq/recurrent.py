"""The recurrent layers of a decoder: all steps at once where inputs are known, else one at a time."""

from jaxtyping import Float
from torch import Tensor, nn, stack
from torch.nn.functional import dropout, linear

from attnlab.seq2seq.cells import Cell, CellState, run_layers
from attnlab.seq2seq.collected import CollectedLinear
from attnlab.seq2seq.state import RecurrentState


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
        weight, _, bias, _ = self._parameters_of(0)
        return self._step(linear(inputs, weight, bias), state, _Plainly(self))

    def unrolled(self, inputs: Float[Tensor, "batch target input"]) -> "Unrolled":
        """Prepares steps whose input is a known part, given here for all steps, joined to a part fed back at each."""
        return Unrolled(self, inputs)

    def _step(
        self, from_input: Float[Tensor, "rows gates"], state: RecurrentState, product: "_Plainly | Unrolled"
    ) -> tuple[Float[Tensor, "rows hidden"], RecurrentState]:
        states: list[CellState] = []
        for layer in range(self.num_layers):
            if layer > 0:
                below = dropout(states[-1].hidden, self.dropout, self.training)
                from_input = product.from_below(below, layer)
            old = CellState(state.hidden[layer], None if state.cell is None else state.cell[layer])
            states.append(self.cell.update(from_input, product.from_hidden(old.hidden, layer), old))
        cells = [state.cell for state in states if state.cell is not None]
        new = RecurrentState(stack([state.hidden for state in states]), stack(cells) if cells else None)
        return states[-1].hidden, new

    def _parameters_of(self, layer: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Weights of input and hidden state, biases of input and hidden state."""
        from_input, from_hidden, input_bias, hidden_bias = self.layers.all_weights[layer]
        return from_input, from_hidden, input_bias, hidden_bias


class _Plainly:
    """The products of a step as they stand in the books."""

    def __init__(self, recurrent: RecurrentLayers) -> None:
        self.recurrent = recurrent

    def from_below(self, below: Float[Tensor, "rows hidden"], layer: int) -> Float[Tensor, "rows gates"]:
        weight, _, bias, _ = self.recurrent._parameters_of(layer)
        return linear(below, weight, bias)

    def from_hidden(self, hidden: Float[Tensor, "rows hidden"], layer: int) -> Float[Tensor, "rows gates"]:
        _, weight, _, bias = self.recurrent._parameters_of(layer)
        return linear(hidden, weight, bias)


class Unrolled:
    """The same products with all that can be shared between steps taken out of the loop.

    The known part of every step's input meets its weights in one product, and the weights of what is fed back collect
    their gradients.
    """

    def __init__(self, recurrent: RecurrentLayers, inputs: Float[Tensor, "batch target input"]) -> None:
        self.recurrent = recurrent
        known = inputs.shape[-1]
        parameters = [recurrent._parameters_of(layer) for layer in range(recurrent.num_layers)]
        first = parameters[0][0]
        self._gates = linear(inputs, first[:, :known], parameters[0][2]).unbind(dim=1)
        self._fed = CollectedLinear(first[:, known:])
        self._below = [CollectedLinear(weight) for weight, *_ in parameters[1:]]
        self._hidden = [CollectedLinear(weight) for _, weight, *_ in parameters]
        self._biases = [(input_bias, hidden_bias) for *_, input_bias, hidden_bias in parameters]

    def step(
        self, number: int, fed: Float[Tensor, "rows fed"], state: RecurrentState
    ) -> tuple[Float[Tensor, "rows hidden"], RecurrentState]:
        """Step `number`, counted from 0. The state has axes layers, rows, hidden."""
        return self.recurrent._step(self._gates[number] + self._fed(fed), state, self)

    def from_below(self, below: Float[Tensor, "rows hidden"], layer: int) -> Float[Tensor, "rows gates"]:
        """The product of an upper layer's input with its weights."""
        return self._below[layer - 1](below) + self._biases[layer][0]

    def from_hidden(self, hidden: Float[Tensor, "rows hidden"], layer: int) -> Float[Tensor, "rows gates"]:
        """The product of a layer's hidden state with its weights."""
        return self._hidden[layer](hidden) + self._biases[layer][1]
