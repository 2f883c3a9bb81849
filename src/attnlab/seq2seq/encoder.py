"""How a source becomes a memory and a final state."""

from typing import NamedTuple

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from attnlab.errors import ConfigError
from attnlab.masking import product_type
from attnlab.seq2seq.cells import Cell, LayersState, run_layers
from attnlab.seq2seq.lstm import run_padded, runs_unpacked
from attnlab.seq2seq.state import RecurrentState


class Encoded(NamedTuple):
    """What the encoder leaves."""

    memory: Float[Tensor, "batch source memory"]
    final: RecurrentState
    """The last state of every layer, forward and backward halves side by side; axes layers, batch, memory."""


class Encoder(nn.Module):
    """Recurrent layers over the source; the memory is the top layer's state at each word, exactly 0 at padding.

    With two directions each has memory_size / 2, so that a memory state has the same size either way; the final state
    joins the forward state after the last word and the backward state after the first.

    Raises:
        ConfigError: if memory_size is odd with two directions.
    """

    def __init__(
        self, *, cell: Cell, embedding_size: int, memory_size: int, num_layers: int, bidirectional: bool, dropout: float
    ) -> None:
        super().__init__()
        if bidirectional and memory_size % 2:
            raise ConfigError(
                f"a bidirectional encoder needs an even memory_size, not {memory_size}, since each direction has half: "
                "change model.hidden_size or set model.bidirectional=false."
            )
        self.num_layers = num_layers
        self.layers = cell.build(
            embedding_size,
            memory_size // 2 if bidirectional else memory_size,
            num_layers=num_layers,
            dropout=dropout,
            bidirectional=bidirectional,
        )

    def forward(
        self, embedded: Float[Tensor, "batch source embedding"], source_lengths: Int[Tensor, " batch"]
    ) -> Encoded:
        """Reads every source to its own end: padding never enters a state."""
        unpacked = embedded.is_cpu and runs_unpacked(product_type(self.layers.all_weights[0][0]))
        if isinstance(self.layers, nn.LSTM) and unpacked:
            memory, last = self._padded(self.layers, embedded, source_lengths)
        else:
            memory, last = self._packed(embedded, source_lengths)
        # Torch lays it out by time. A product with a weight would then take a copy of the weight for each sentence.
        memory = memory.contiguous()
        if isinstance(last, tuple):
            hidden, cell = last
            return Encoded(memory, RecurrentState(self._join(hidden), self._join(cell)))
        return Encoded(memory, RecurrentState(self._join(last), None))

    def _padded(self, layers: nn.LSTM, embedded: Tensor, source_lengths: Tensor) -> tuple[Tensor, LayersState]:
        if bool((source_lengths == embedded.shape[1]).all()):
            memory, last = run_layers(layers, embedded)
            return memory, last
        return run_padded(layers, embedded, source_lengths)

    def _packed(self, embedded: Tensor, source_lengths: Tensor) -> tuple[Tensor, LayersState]:
        packed = pack_padded_sequence(embedded, source_lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, last = run_layers(self.layers, packed)
        memory, _ = pad_packed_sequence(outputs, batch_first=True, total_length=embedded.shape[1])
        return memory, last

    def _join(self, last: Float[Tensor, "directed batch half"]) -> Float[Tensor, "layers batch memory"]:
        """Puts the directions of a layer side by side."""
        by_layer = last.view(self.num_layers, -1, last.shape[1], last.shape[2])
        return by_layer.transpose(1, 2).flatten(start_dim=2)
