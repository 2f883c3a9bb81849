"""The arithmetic of recurrent layers, one step by kind of cell and all steps by torch's modules."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from attnlab.seq2seq.lstm import step_lstm

LayersState = Tensor | tuple[Tensor, Tensor]
"""What torch's recurrent layers begin and end with: hidden states, and cell states where there are any."""


class CellState(NamedTuple):
    """State of one layer."""

    hidden: Float[Tensor, "*rows hidden"]
    cell: Float[Tensor, "*rows hidden"] | None


class Cell(ABC):
    """A kind of recurrent cell. Parameters live in the torch module `layers` builds; gates are in torch's order."""

    has_cell_state: ClassVar[bool]
    layers: ClassVar[Callable[..., nn.RNNBase]]

    def build(
        self, input_size: int, hidden_size: int, *, num_layers: int, dropout: float, bidirectional: bool
    ) -> nn.RNNBase:
        """Torch's layers of this kind, batch first, with dropout between them; the matrix of each gate that reads the
        hidden state starts orthogonal (Saxe et al. 2014).
        """  # noqa: D205
        layers = self.layers(
            input_size,
            hidden_size,
            num_layers=num_layers,
            dropout=dropout if num_layers > 1 else 0.0,
            bidirectional=bidirectional,
            batch_first=True,
        )
        for name, parameter in layers.named_parameters():
            if name.startswith("weight_hh"):
                for gate in parameter.detach().split(hidden_size):
                    nn.init.orthogonal_(gate)
        return layers

    @abstractmethod
    def update(
        self,
        from_input: Float[Tensor, "*rows gates"],
        from_hidden: Float[Tensor, "*rows gates"],
        state: CellState,
    ) -> CellState:
        """The next state, given the products of input and hidden state with their weights (biases included)."""


class SummingCell(Cell):
    """A cell that reads only the sum of both products, so that one product of both together will do."""

    @abstractmethod
    def advance(self, gates: Float[Tensor, "rows gates"], state: CellState) -> CellState:
        """`update`, given the sum."""


@final
class LSTM(SummingCell):
    """Long short-term memory (Hochreiter & Schmidhuber 1997) with a forget gate."""

    has_cell_state = True
    layers = nn.LSTM

    def build(
        self, input_size: int, hidden_size: int, *, num_layers: int, dropout: float, bidirectional: bool
    ) -> nn.RNNBase:
        """As for every cell; the forget gate starts nearly open, with a bias of 1 (Jozefowicz et al. 2015)."""
        layers = super().build(
            input_size, hidden_size, num_layers=num_layers, dropout=dropout, bidirectional=bidirectional
        )
        for name, parameter in layers.named_parameters():
            if name.startswith("bias_hh"):
                parameter.detach()[hidden_size : 2 * hidden_size] = 1.0
        return layers

    def update(
        self,
        from_input: Float[Tensor, "*rows gates"],
        from_hidden: Float[Tensor, "*rows gates"],
        state: CellState,
    ) -> CellState:
        """New state: c' = f c + i g, h' = o tanh(c')."""
        assert state.cell is not None
        enter, forget, candidate, leave = (from_input + from_hidden).chunk(4, dim=-1)
        cell = forget.sigmoid() * state.cell + enter.sigmoid() * candidate.tanh()
        return CellState(leave.sigmoid() * cell.tanh(), cell)

    def advance(self, gates: Float[Tensor, "rows gates"], state: CellState) -> CellState:
        """The same as one node of the graph, in float32 at least."""
        assert state.cell is not None
        return CellState(*step_lstm(gates, state.cell))


@final
class GRU(Cell):
    """Gated recurrent unit (Cho et al. 2014), the variant that resets after the product, as torch and cuDNN do."""

    has_cell_state = False
    layers = nn.GRU

    def update(
        self,
        from_input: Float[Tensor, "*rows gates"],
        from_hidden: Float[Tensor, "*rows gates"],
        state: CellState,
    ) -> CellState:
        """New state: h' = (1 - z) n + z h."""
        input_reset, input_keep, input_new = from_input.chunk(3, dim=-1)
        hidden_reset, hidden_keep, hidden_new = from_hidden.chunk(3, dim=-1)
        reset, keep = (input_reset + hidden_reset).sigmoid(), (input_keep + hidden_keep).sigmoid()
        new = (input_new + reset * hidden_new).tanh()
        return CellState(new + keep * (state.hidden - new), None)


@final
class Plain(SummingCell):
    """Elman's network: h' = tanh(W x + U h)."""

    has_cell_state = False
    layers = nn.RNN

    def update(
        self,
        from_input: Float[Tensor, "*rows gates"],
        from_hidden: Float[Tensor, "*rows gates"],
        state: CellState,
    ) -> CellState:
        """New state: h' = tanh(W x + U h)."""
        return self.advance(from_input + from_hidden, state)

    def advance(self, gates: Float[Tensor, "*rows gates"], state: CellState) -> CellState:
        """New state: the tanh of the sum."""
        return CellState(gates.tanh(), None)


def run_layers(layers: nn.RNNBase, inputs: Tensor | PackedSequence, state: LayersState | None = None) -> Any:
    """What `layers(inputs, state)` returns, all steps at once; on a GPU in the type of its weights.

    There, autocast would run torch's layers in float16 even where bfloat16 is meant, in which small gradients vanish.
    """
    return layers(inputs, state) if inputs.data.is_cpu else run_as_stored(layers, inputs, state)


def run_as_stored(layers: nn.RNNBase, inputs: Tensor | PackedSequence, state: LayersState | None = None) -> Any:
    """The same without autocast."""
    weight = layers.all_weights[0][0]
    if isinstance(state, tuple):
        state = (state[0].to(weight.dtype), state[1].to(weight.dtype))
    elif state is not None:
        state = state.to(weight.dtype)
    with torch.autocast(weight.device.type, enabled=False):
        return layers(inputs.to(weight.dtype), state)
