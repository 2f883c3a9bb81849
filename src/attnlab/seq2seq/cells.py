"""The arithmetic of one recurrent step, by kind of cell."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, NamedTuple, final

from jaxtyping import Float
from torch import Tensor, nn


class CellState(NamedTuple):
    """State of one layer."""

    hidden: Float[Tensor, "*rows hidden"]
    cell: Float[Tensor, "*rows hidden"] | None


class Cell(ABC):
    """A kind of recurrent cell. Parameters live in the torch module `layers` builds; gates are in torch's order."""

    has_cell_state: ClassVar[bool]
    layers: ClassVar[Callable[..., nn.RNNBase]]

    @abstractmethod
    def update(
        self,
        from_input: Float[Tensor, "*rows gates"],
        from_hidden: Float[Tensor, "*rows gates"],
        state: CellState,
    ) -> CellState:
        """The next state, given the products of input and hidden state with their weights (biases included)."""


@final
class LSTM(Cell):
    """Long short-term memory (Hochreiter & Schmidhuber 1997) with a forget gate."""

    has_cell_state = True
    layers = nn.LSTM

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
class Plain(Cell):
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
        return CellState((from_input + from_hidden).tanh(), None)
