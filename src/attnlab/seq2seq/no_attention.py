"""The decoders that get one vector of fixed size, however long the source is."""

from dataclasses import replace
from typing import final

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attnlab.seq2seq.cells import Cell
from attnlab.seq2seq.decoder import (
    Decoded,
    Decoder,
    flatten_hypotheses,
    one_hypothesis,
)
from attnlab.seq2seq.dropout import Dropout
from attnlab.seq2seq.readout import Maxout
from attnlab.seq2seq.recurrent import RecurrentLayers
from attnlab.seq2seq.state import DecoderState, RecurrentState


@final
class NoAttentionDecoder(Decoder):
    """The source's last state starts the recurrent layers, nothing more (Sutskever et al. 2014)."""

    loops = False

    def __init__(
        self,
        *,
        cell: Cell,
        embedding_size: int,
        hidden_size: int,
        num_layers: int,
        dropout: float,
        output_dropout: float,
    ) -> None:
        super().__init__()
        self.output_size = hidden_size
        self.output_dropout = Dropout(output_dropout)
        self.recurrent = RecurrentLayers(cell, embedding_size, hidden_size, num_layers=num_layers, dropout=dropout)

    def start(
        self,
        memory: Float[Tensor, "batch source memory"],
        source_mask: Bool[Tensor, "batch source"],
        first: RecurrentState,
    ) -> DecoderState:
        """The memory is dropped here."""
        return DecoderState(one_hypothesis(first), memory=None, past=None, fed=None)

    def step(self, embedded: Float[Tensor, "batch beam embedding"], state: DecoderState) -> Decoded:
        """Reads one token of every hypothesis."""
        hidden, recurrent = self._step_recurrent(embedded, state.recurrent)
        return Decoded(self.output_dropout(hidden), None, replace(state, recurrent=recurrent))

    def forward(self, embedded: Float[Tensor, "batch target embedding"], state: DecoderState) -> Decoded:
        """The whole target at once: nothing is fed back."""
        hidden, recurrent = self.recurrent.run(embedded, flatten_hypotheses(state.recurrent))
        new = replace(state, recurrent=one_hypothesis(recurrent))
        return Decoded(self.output_dropout(hidden), None, new)


@final
class NoAttentionContextDecoder(Decoder):
    """The same fixed vector c starts the cell, enters it at every step and is read by the output unit.

    Cho et al. (2014), RNN Encoder-Decoder: h_t = f(h_{t-1}, y_{t-1}, c), p(y_t | h_t, y_{t-1}, c). c is the first state
    of the top layer, which the bridge made of the encoder's last one.
    """

    loops = False

    def __init__(
        self,
        *,
        cell: Cell,
        embedding_size: int,
        hidden_size: int,
        num_layers: int,
        dropout: float,
        output_dropout: float,
    ) -> None:
        super().__init__()
        self.output_size = hidden_size
        self.recurrent = RecurrentLayers(
            cell, embedding_size + hidden_size, hidden_size, num_layers=num_layers, dropout=dropout
        )
        self.readout = Maxout(hidden_size + embedding_size + hidden_size, hidden_size, dropout=output_dropout)

    def start(
        self,
        memory: Float[Tensor, "batch source memory"],
        source_mask: Bool[Tensor, "batch source"],
        first: RecurrentState,
    ) -> DecoderState:
        """The memory is dropped here; the top layer's first state is kept."""
        recurrent = one_hypothesis(first)
        return DecoderState(recurrent, memory=None, past=None, fed=recurrent.hidden[-1])

    def step(self, embedded: Float[Tensor, "batch beam embedding"], state: DecoderState) -> Decoded:
        """Reads one token of every hypothesis."""
        assert state.fed is not None
        hidden, recurrent = self._step_recurrent(torch.cat([embedded, state.fed], dim=-1), state.recurrent)
        return Decoded(self.readout(hidden, embedded, state.fed), None, replace(state, recurrent=recurrent))

    def forward(self, embedded: Float[Tensor, "batch target embedding"], state: DecoderState) -> Decoded:
        """The whole target at once: the context is known before the first step."""
        assert state.fed is not None
        context = state.fed.expand(-1, embedded.shape[1], -1)
        hidden, recurrent = self.recurrent.run(
            torch.cat([embedded, context], dim=-1), flatten_hypotheses(state.recurrent)
        )
        new = replace(state, recurrent=one_hypothesis(recurrent))
        return Decoded(self.readout(hidden, embedded, context), None, new)
