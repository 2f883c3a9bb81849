"""How the encoder's final state starts the decoder, from any depth to any depth."""

from abc import ABC, abstractmethod
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.errors import ShapeError
from attnlab.seq2seq.cells import Cell
from attnlab.seq2seq.state import RecurrentState


class Bridge(nn.Module, ABC):
    """Maps the final encoder state to the first decoder state; both have axes layers, batch, hidden."""

    @abstractmethod
    def forward(self, final: RecurrentState) -> RecurrentState:
        """The decoder's first state."""


@final
class Copy(Bridge):
    """Each decoder layer starts from the encoder layer of the same depth; a deeper decoder repeats the top one.

    A shallower decoder takes the top encoder layers.

    Raises:
        ShapeError: if the sizes differ.
    """

    def __init__(self, *, memory_size: int, hidden_size: int, num_layers: int) -> None:
        super().__init__()
        if memory_size != hidden_size:
            raise ShapeError(
                f"the copy bridge needs memory_size == hidden_size, but they are {memory_size} and {hidden_size}: "
                "use model/bridge=learned."
            )
        self.num_layers = num_layers

    def forward(self, final: RecurrentState) -> RecurrentState:
        """The decoder's first state."""
        return final.map(self._by_depth)

    def _by_depth(self, states: Float[Tensor, "layers batch hidden"]) -> Float[Tensor, "depth batch hidden"]:
        missing = self.num_layers - states.shape[0]
        if missing <= 0:
            return states[-self.num_layers :]
        return torch.cat([states, states[-1:].expand(missing, -1, -1)])


@final
class Learned(Bridge):
    """tanh(W h) of the encoder's top layer for each decoder layer (Bahdanau et al. 2015, appendix A.2.2).

    The cell state of an LSTM has a matrix of its own and no tanh, since cell states are not bounded.
    """

    def __init__(self, *, memory_size: int, hidden_size: int, num_layers: int, cell: Cell) -> None:
        super().__init__()
        self.num_layers = num_layers
        self.to_hidden = nn.Linear(memory_size, num_layers * hidden_size)
        self.to_cell = nn.Linear(memory_size, num_layers * hidden_size) if cell.has_cell_state else None

    def forward(self, final: RecurrentState) -> RecurrentState:
        """The decoder's first state."""
        hidden = self._by_layer(self.to_hidden(final.hidden[-1]).tanh())
        if self.to_cell is None or final.cell is None:
            return RecurrentState(hidden, None)
        return RecurrentState(hidden, self._by_layer(self.to_cell(final.cell[-1])))

    def _by_layer(self, states: Float[Tensor, "batch joined"]) -> Float[Tensor, "layers batch hidden"]:
        return torch.stack(states.chunk(self.num_layers, dim=-1))


@final
class Zero(Bridge):
    """The decoder starts from zeros: attention is all that it learns of the source."""

    def __init__(self, *, hidden_size: int, num_layers: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.num_layers = num_layers

    def forward(self, final: RecurrentState) -> RecurrentState:
        """The decoder's first state."""
        zeros = final.hidden.new_zeros(self.num_layers, final.hidden.shape[1], self.hidden_size)
        return RecurrentState(zeros, None if final.cell is None else zeros)
