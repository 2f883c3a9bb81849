"""The encoder reads every sentence to its own end, whatever stands beside it."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from attnlab.errors import ConfigError
from attnlab.seq2seq.cells import GRU, LSTM, Cell
from attnlab.seq2seq.encoder import Encoder

LENGTHS = [2, 5, 1]
pytestmark = pytest.mark.usefixtures("float64")


def encoder_of(cell: Cell, *, num_layers: int = 1, bidirectional: bool = True, dropout: float = 0.0) -> Encoder:
    return Encoder(
        cell=cell,
        embedding_size=3,
        memory_size=6,
        num_layers=num_layers,
        bidirectional=bidirectional,
        dropout=dropout,
    )


def sentences() -> Tensor:
    """Three sentences, what stands at padding neither small nor equal."""
    return torch.randn(3, 5, 3) * 100


@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_batch_is_each_sentence_alone(cell: Cell, num_layers: int, bidirectional: bool) -> None:
    encoder, embedded = encoder_of(cell, num_layers=num_layers, bidirectional=bidirectional), sentences()
    memory, final = encoder(embedded, torch.tensor(LENGTHS))
    assert memory.shape == (3, 5, 6)
    assert final.hidden.shape == (num_layers, 3, 6)
    for row, length in enumerate(LENGTHS):
        alone, last = encoder(embedded[row : row + 1, :length], torch.tensor([length]))
        assert_close(memory[row : row + 1, :length], alone)
        assert (memory[row, length:] == 0).all()
        assert_close(final.hidden[:, row : row + 1], last.hidden)
        assert (final.cell is not None) == (last.cell is not None) == cell.has_cell_state
        if final.cell is not None:
            assert_close(final.cell[:, row : row + 1], last.cell)


@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_the_final_state_is_forward_after_the_last_and_backward_after_the_first_word(
    cell: Cell, num_layers: int
) -> None:
    encoder = encoder_of(cell, num_layers=num_layers)
    memory, final = encoder(sentences(), torch.tensor(LENGTHS))
    for row, length in enumerate(LENGTHS):
        assert_close(final.hidden[-1, row, :3], memory[row, length - 1, :3])
        assert_close(final.hidden[-1, row, 3:], memory[row, 0, 3:])


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_final_state_of_each_layer_is_that_of_a_loop_over_words(cell: Cell, bidirectional: bool) -> None:
    """Every layer and direction run by hand from torch's own parameters, over one sentence."""
    encoder, embedded = encoder_of(cell, num_layers=2, bidirectional=bidirectional), sentences()[:1]
    _, final = encoder(embedded, torch.tensor([5]))
    size = 3 if bidirectional else 6
    below = list(embedded[0])
    for layer in range(2):
        halves = []
        for direction in range(2 if bidirectional else 1):
            single = cell.layers(3 if layer == 0 else 6, size, batch_first=True)
            suffix = f"_l{layer}" + ("_reverse" if direction else "")
            single.load_state_dict(
                {name: encoder.layers.state_dict()[name.replace("_l0", suffix)] for name in single.state_dict()}
            )
            words = below[::-1] if direction else below
            outputs, last = single(torch.stack(words).unsqueeze(0))
            hidden, cell_state = last if isinstance(last, tuple) else (last, None)
            place = slice(direction * size, (direction + 1) * size)
            assert_close(final.hidden[layer, 0, place], hidden[0, 0])
            if cell_state is not None:
                assert final.cell is not None
                assert_close(final.cell[layer, 0, place], cell_state[0, 0])
            halves.append(outputs[0].flip(0) if direction else outputs[0])
        below = list(torch.cat(halves, dim=-1))


def test_the_memory_has_the_same_size_in_one_direction_or_two() -> None:
    sizes = {
        encoder_of(LSTM(), bidirectional=both)(sentences(), torch.tensor(LENGTHS)).memory.shape
        for both in (False, True)
    }
    assert len(sizes) == 1


def test_gradients_reach_real_words_only() -> None:
    embedded = sentences().div(100).requires_grad_()
    encoder_of(GRU())(embedded, torch.tensor(LENGTHS)).memory.square().sum().backward()
    assert embedded.grad is not None
    reached = embedded.grad.abs().sum(dim=-1) > 0
    assert reached.tolist() == [[position < length for position in range(5)] for length in LENGTHS]


@pytest.mark.parametrize(("num_layers", "drops"), [(1, False), (2, True)])
def test_only_what_goes_from_layer_to_layer_is_dropped(num_layers: int, drops: bool) -> None:
    encoder, embedded = encoder_of(LSTM(), num_layers=num_layers, dropout=0.5).train(), sentences()
    one, other = (encoder(embedded, torch.tensor(LENGTHS)).memory for _ in range(2))
    assert torch.allclose(one, other) != drops


def test_an_odd_memory_cannot_be_halved() -> None:
    with pytest.raises(ConfigError, match=r"needs an even memory_size, not 7.*change model\.hidden_size"):
        Encoder(cell=LSTM(), embedding_size=3, memory_size=7, num_layers=1, bidirectional=True, dropout=0.0)
    Encoder(cell=LSTM(), embedding_size=3, memory_size=7, num_layers=1, bidirectional=False, dropout=0.0)
