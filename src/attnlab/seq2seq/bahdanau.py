"""Bahdanau's decoder: the previous state asks, and the context enters the cell."""

from dataclasses import replace
from typing import final

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attnlab.attention.attend import Attention
from attnlab.seq2seq.cells import Cell
from attnlab.seq2seq.decoder import (
    Decoded,
    Decoder,
    flatten_hypotheses,
    one_hypothesis,
)
from attnlab.seq2seq.readout import Maxout
from attnlab.seq2seq.recurrent import RecurrentLayers
from attnlab.seq2seq.state import DecoderState, RecurrentState


@final
class BahdanauDecoder(Decoder):
    """c_i attends with s_{i-1}; s_i = f(s_{i-1}, [y_{i-1}; c_i]); a maxout unit reads s_i, y_{i-1}, c_i.

    Bahdanau et al. (2015), section 3.1. With several layers the top one asks.
    """

    loops = True

    def __init__(
        self,
        *,
        attention: Attention,
        cell: Cell,
        embedding_size: int,
        hidden_size: int,
        memory_size: int,
        num_layers: int,
        dropout: float,
        output_dropout: float,
    ) -> None:
        super().__init__()
        self.attention = attention
        self.output_size = hidden_size
        self.recurrent = RecurrentLayers(
            cell, embedding_size + memory_size, hidden_size, num_layers=num_layers, dropout=dropout
        )
        self.readout = Maxout(hidden_size + embedding_size + memory_size, hidden_size, dropout=output_dropout)

    def start(
        self,
        memory: Float[Tensor, "batch source memory"],
        source_mask: Bool[Tensor, "batch source"],
        first: RecurrentState,
    ) -> DecoderState:
        """Keys are computed here, once."""
        kept = self.attention.start(memory, source_mask)
        return DecoderState(one_hypothesis(first), kept, self.attention.first(kept), fed=None)

    def step(self, embedded: Float[Tensor, "batch beam embedding"], state: DecoderState) -> Decoded:
        """Reads one token of every hypothesis."""
        assert state.memory is not None
        assert state.past is not None
        context, weights, past = self.attention.step(state.recurrent.hidden[-1], state.memory, state.past)
        hidden, recurrent = self._step_recurrent(torch.cat([embedded, context], dim=-1), state.recurrent)
        outputs = self.readout(hidden, embedded, context)
        return Decoded(outputs, weights, replace(state, recurrent=recurrent, past=past))

    def forward(self, embedded: Float[Tensor, "batch target embedding"], state: DecoderState) -> Decoded:
        """All steps of a known target; the loop holds the cell and attention, the output unit runs after it."""
        assert state.memory is not None
        assert state.past is not None
        unrolled, recurrent = self.recurrent.unrolled(embedded), flatten_hypotheses(state.recurrent)
        past, looped = state.past, self.attention.looped(state.memory)
        hiddens, contexts, all_weights = [], [], []
        for number in range(embedded.shape[1]):
            context, weights, past = self.attention.step(recurrent.hidden[-1].unsqueeze(1), state.memory, past, looped)
            hidden, recurrent = unrolled.step(number, context.squeeze(1), recurrent)
            hiddens.append(hidden)
            contexts.append(context)
            all_weights.append(weights)
        outputs = self.readout(torch.stack(hiddens, dim=1), embedded, torch.cat(contexts, dim=1))
        new = replace(state, recurrent=one_hypothesis(recurrent), past=past)
        return Decoded(outputs, torch.cat(all_weights, dim=1), new)
