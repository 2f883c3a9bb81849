"""Luong's decoder: the new state asks, and the context enters after the cell."""

from dataclasses import replace
from typing import final

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attnlab.attention.attend import Attention
from attnlab.masking import product_type
from attnlab.seq2seq.cells import Cell
from attnlab.seq2seq.decoder import Decoded, Decoder, flatten_hypotheses, one_hypothesis
from attnlab.seq2seq.dropout import Dropout
from attnlab.seq2seq.merge import Merge
from attnlab.seq2seq.recurrent import RecurrentLayers
from attnlab.seq2seq.state import DecoderState, RecurrentState


@final
class LuongDecoder(Decoder):
    """h_t from the cell; c_t attends with h_t; attentional a_t = merge(c_t, h_t) (Luong et al. 2015, section 3).

    With input feeding (section 3.3) a_{t-1} joins the embedding of word t. Without it nothing in the cell depends on
    attention, so the whole target runs at once.
    """

    def __init__(
        self,
        *,
        attention: Attention,
        merge: Merge,
        cell: Cell,
        embedding_size: int,
        hidden_size: int,
        num_layers: int,
        input_feeding: bool,
        dropout: float,
        output_dropout: float,
    ) -> None:
        super().__init__()
        self.attention = attention
        self.merge = merge
        self.input_feeding = self.loops = input_feeding
        self.output_size = merge.output_size
        self.output_dropout = Dropout(output_dropout)
        fed_size = merge.output_size if input_feeding else 0
        self.recurrent = RecurrentLayers(
            cell, embedding_size + fed_size, hidden_size, num_layers=num_layers, dropout=dropout
        )

    def start(
        self,
        memory: Float[Tensor, "batch source memory"],
        source_mask: Bool[Tensor, "batch source"],
        first: RecurrentState,
    ) -> DecoderState:
        """Keys are computed here, once; the first attentional is zero."""
        fed = memory.new_zeros(memory.shape[0], 1, self.output_size) if self.input_feeding else None
        kept = self.attention.start(memory, source_mask)
        return DecoderState(one_hypothesis(first), kept, self.attention.first(kept), fed)

    def step(self, embedded: Float[Tensor, "batch beam embedding"], state: DecoderState) -> Decoded:
        """Reads one token of every hypothesis."""
        assert state.memory is not None
        assert state.past is not None
        inputs = embedded if state.fed is None else torch.cat([embedded, state.fed], dim=-1)
        hidden, recurrent = self._step_recurrent(inputs, state.recurrent)
        context, weights, past = self.attention.step(hidden, state.memory, state.past)
        attentional = self.output_dropout(self.merge(context, hidden))
        fed = attentional if self.input_feeding else None
        return Decoded(attentional, weights, replace(state, recurrent=recurrent, past=past, fed=fed))

    def forward(self, embedded: Float[Tensor, "batch target embedding"], state: DecoderState) -> Decoded:
        """All steps of a known target; the loop holds only what feeds back."""
        return self._feeding(embedded, state) if self.input_feeding else self._parallel(embedded, state)

    def _parallel(self, embedded: Float[Tensor, "batch target embedding"], state: DecoderState) -> Decoded:
        assert state.memory is not None
        assert state.past is not None
        hidden, recurrent = self.recurrent.run(embedded, flatten_hypotheses(state.recurrent))
        context, weights, past = self.attention.run(hidden, state.memory, state.past)
        outputs = self.output_dropout(self.merge(context, hidden))
        return Decoded(outputs, weights, replace(state, recurrent=one_hypothesis(recurrent), past=past))

    def _feeding(self, embedded: Float[Tensor, "batch target embedding"], state: DecoderState) -> Decoded:
        assert state.memory is not None
        assert state.past is not None
        assert state.fed is not None
        unrolled, merge = self.recurrent.unrolled(embedded), self.merge.looped()
        looped = self.attention.looped(state.memory)
        recurrent, past, attentional = flatten_hypotheses(state.recurrent), state.past, state.fed.squeeze(1)
        batch, steps = embedded.shape[:2]
        # One draw for all steps.
        kept = self.output_dropout(embedded.new_ones(steps, batch, self.output_size, dtype=product_type(embedded)))
        outputs, all_weights = [], []
        for number in range(steps):
            hidden, recurrent = unrolled.step(number, attentional, recurrent)
            context, weights, past = self.attention.step(hidden.unsqueeze(1), state.memory, past, looped)
            attentional = merge(context.squeeze(1), hidden) * kept[number]
            outputs.append(attentional)
            all_weights.append(weights)
        new = replace(state, recurrent=one_hypothesis(recurrent), past=past, fed=attentional.unsqueeze(1))
        return Decoded(torch.stack(outputs, dim=1), torch.cat(all_weights, dim=1), new)
