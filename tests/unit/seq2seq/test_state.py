"""Selecting hypotheses moves everything that belongs to them, and nothing else."""

import pytest
import torch

from attnlab.attention.attend import Memory
from attnlab.attention.past import Past
from attnlab.seq2seq.state import DecoderState, RecurrentState


@pytest.fixture
def state() -> DecoderState:
    """Two layers, three sentences, two hypotheses: every number says where it stands."""
    layers, sentences, hypotheses = torch.arange(2), torch.arange(3), torch.arange(2)
    place = 100 * layers[:, None, None] + 10 * sentences[:, None] + hypotheses
    hidden = place.unsqueeze(-1).float()
    rows = 10.0 * sentences[:, None, None].expand(3, 4, 1)
    mask = torch.tensor([[True] * length + [False] * (4 - length) for length in (4, 3, 2)])
    coverage = hidden[0].expand(3, 2, 4)
    past = Past(place[0], coverage + 2000, coverage + 3000)
    return DecoderState(RecurrentState(hidden, -hidden), Memory(rows, rows + 1, mask), past, fed=hidden[0] + 1000)


def test_hypotheses_are_found_where_their_parents_were(state: DecoderState) -> None:
    new = state.select(torch.tensor([2, 0]), torch.tensor([[1, 0, 1], [0, 0, 1]]))
    assert new.recurrent.hidden[0, :, :, 0].tolist() == [[21, 20, 21], [0, 0, 1]]
    assert new.recurrent.hidden[1, :, :, 0].tolist() == [[121, 120, 121], [100, 100, 101]]
    assert new.recurrent.cell is not None
    assert (new.recurrent.cell == -new.recurrent.hidden).all()
    assert new.fed is not None
    assert new.fed[:, :, 0].tolist() == [[1021, 1020, 1021], [1000, 1000, 1001]]
    assert new.past is not None
    assert new.past.step.tolist() == [[21, 20, 21], [0, 0, 1]]
    assert new.past.weights is not None
    assert new.past.weights[:, :, 3].tolist() == [[2021, 2020, 2021], [2000, 2000, 2001]]
    assert new.past.coverage is not None
    assert new.past.coverage[:, :, 3].tolist() == [[3021, 3020, 3021], [3000, 3000, 3001]]
    assert new.memory is not None
    assert new.memory.states[:, 0, 0].tolist() == [20, 0]
    assert new.memory.keys[:, 0, 0].tolist() == [21, 1]
    assert new.memory.source_mask.sum(dim=1).tolist() == [2, 4]


def test_without_rows_every_sentence_stays_and_the_memory_is_not_copied(state: DecoderState) -> None:
    new = state.select(None, torch.tensor([[1], [0], [1]]))
    assert new.recurrent.hidden[0, :, :, 0].tolist() == [[1], [10], [21]]
    assert new.memory is state.memory


def test_what_a_decoder_does_not_have_stays_absent() -> None:
    bare = DecoderState(RecurrentState(torch.zeros(1, 2, 1, 4), None), memory=None, past=None, fed=None)
    new = bare.select(torch.tensor([1]), torch.tensor([[0, 0]]))
    assert new.recurrent.hidden.shape == (1, 1, 2, 4)
    assert (new.recurrent.cell, new.memory, new.past, new.fed) == (None, None, None, None)


def test_the_old_state_is_untouched(state: DecoderState) -> None:
    before = state.recurrent.hidden.clone()
    state.select(torch.tensor([0]), torch.tensor([[0]])).recurrent.hidden.zero_()
    assert (state.recurrent.hidden == before).all()
