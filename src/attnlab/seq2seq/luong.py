"""Luong's decoder: the new state asks, and the context enters after the cell."""

from dataclasses import replace
from typing import final

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import dropout, linear

from attnlab.attention.attend import Memory, attend
from attnlab.attention.scoring import ScoringFunction
from attnlab.seq2seq.cells import Cell
from attnlab.seq2seq.collected import CollectedLinear
from attnlab.seq2seq.decoder import (
    Decoded,
    Decoder,
    flatten_hypotheses,
    one_hypothesis,
)
from attnlab.seq2seq.recurrent import RecurrentLayers
from attnlab.seq2seq.state import DecoderState, RecurrentState


@final
class LuongDecoder(Decoder):
    """h_t from the cell; c_t attends with h_t; attentional a_t = tanh(W_c [c_t; h_t]) (Luong et al. 2015, section 3).

    With input feeding (section 3.3) a_{t-1} joins the embedding of word t. Without it nothing in the cell depends on
    attention, so the whole target runs at once.
    """

    def __init__(
        self,
        *,
        attention: ScoringFunction,
        cell: Cell,
        embedding_size: int,
        hidden_size: int,
        memory_size: int,
        num_layers: int,
        input_feeding: bool,
        dropout: float,
        output_dropout: float,
    ) -> None:
        super().__init__()
        self.attention = attention
        self.input_feeding = input_feeding
        self.output_size = hidden_size
        self.output_dropout = output_dropout
        fed_size = hidden_size if input_feeding else 0
        self.recurrent = RecurrentLayers(
            cell, embedding_size + fed_size, hidden_size, num_layers=num_layers, dropout=dropout
        )
        self.merge = nn.Linear(memory_size + hidden_size, hidden_size, bias=False)

    def start(
        self,
        memory: Float[Tensor, "batch source memory"],
        source_mask: Bool[Tensor, "batch source"],
        first: RecurrentState,
    ) -> DecoderState:
        """Keys are computed here, once; the first attentional is zero."""
        fed = memory.new_zeros(memory.shape[0], 1, self.output_size) if self.input_feeding else None
        return DecoderState(one_hypothesis(first), Memory(memory, self.attention.keys(memory), source_mask), fed)

    def step(self, embedded: Float[Tensor, "batch beam embedding"], state: DecoderState) -> Decoded:
        """Reads one token of every hypothesis."""
        assert state.memory is not None
        inputs = embedded if state.fed is None else torch.cat([embedded, state.fed], dim=-1)
        hidden, recurrent = self._step_recurrent(inputs, state.recurrent)
        context, weights = attend(self.attention, hidden, state.memory)
        attentional = self._drop(linear(torch.cat([context, hidden], dim=-1), self.merge.weight).tanh())
        fed = attentional if self.input_feeding else None
        return Decoded(attentional, weights, replace(state, recurrent=recurrent, fed=fed))

    def forward(self, embedded: Float[Tensor, "batch target embedding"], state: DecoderState) -> Decoded:
        """All steps of a known target; the loop holds only what feeds back."""
        return self._feeding(embedded, state) if self.input_feeding else self._parallel(embedded, state)

    def _parallel(self, embedded: Float[Tensor, "batch target embedding"], state: DecoderState) -> Decoded:
        assert state.memory is not None
        hidden, recurrent = self.recurrent.run(embedded, flatten_hypotheses(state.recurrent))
        context, weights = attend(self.attention, hidden, state.memory)
        outputs = self._drop(self.merge(torch.cat([context, hidden], dim=-1)).tanh())
        new = replace(state, recurrent=one_hypothesis(recurrent))
        return Decoded(outputs, weights, new)

    def _feeding(self, embedded: Float[Tensor, "batch target embedding"], state: DecoderState) -> Decoded:
        assert state.memory is not None
        assert state.fed is not None
        unrolled, merge = self.recurrent.unrolled(embedded), CollectedLinear(self.merge.weight)
        recurrent, attentional = flatten_hypotheses(state.recurrent), state.fed.squeeze(1)
        outputs, all_weights = [], []
        for number in range(embedded.shape[1]):
            hidden, recurrent = unrolled.step(number, attentional, recurrent)
            context, weights = attend(self.attention, hidden.unsqueeze(1), state.memory)
            attentional = self._drop(merge(torch.cat([context.squeeze(1), hidden], dim=-1)).tanh())
            outputs.append(attentional)
            all_weights.append(weights)
        new = replace(
            state,
            recurrent=one_hypothesis(recurrent),
            fed=attentional.unsqueeze(1),
        )
        return Decoded(torch.stack(outputs, dim=1), torch.cat(all_weights, dim=1), new)

    def _drop(self, attentional: Tensor) -> Tensor:
        return dropout(attentional, self.output_dropout, self.training)
