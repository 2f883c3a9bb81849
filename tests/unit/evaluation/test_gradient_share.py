from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd.functional import jacobian

from attnlab.evaluation.gradient_share import (
    equal_shares,
    gradient_shares,
    jacobian_norms,
    sum_by_offset,
    word_shares,
)
from attnlab.evaluation.probe import ProbedSentence, Reader
from attnlab.seq2seq.cells import LSTM
from attnlab.seq2seq.encoder import Encoder

Encode = Callable[[Tensor, Tensor], Tensor]

pytestmark = pytest.mark.usefixtures("float64")

SENTENCES = [ProbedSentence([4, 5, 6, 7], [0, 1, 2, 3]), ProbedSentence([8, 4, 5], [0, 0, 1])]


def lstm(memory_size: int, *, bidirectional: bool = True) -> Encode:
    encoder = Encoder(
        cell=LSTM(),
        embedding_size=3,
        memory_size=memory_size,
        num_layers=2,
        bidirectional=bidirectional,
        dropout=0.0,
    )
    return lambda embedded, lengths: encoder(embedded, lengths).memory


def exact_norms(encode: Encode, embedded: Tensor, lengths: Tensor) -> Tensor:
    """The whole Jacobian, one sentence after the other."""
    norms = torch.zeros(len(embedded), embedded.shape[1], embedded.shape[1])
    for row, length in enumerate(lengths.tolist()):
        whole = jacobian(lambda one: encode(one[None], torch.tensor([len(one)]))[0], embedded[row, :length])
        norms[row, :length, :length] = whole.square().sum(dim=(1, 3))
    return norms


def shares(encode: Encode, sentences: list[ProbedSentence], reach: int = 1) -> Tensor:
    return gradient_shares(
        Reader(torch.nn.Embedding(10, 3), encode),
        sentences,
        reach=reach,
        num_vectors=2,
        generator=torch.Generator().manual_seed(0),
        device=torch.device("cpu"),
    )


def test_a_state_of_one_number_has_its_exact_norms_from_any_vector() -> None:
    encode, embedded, lengths = lstm(1, bidirectional=False), torch.randn(3, 5, 3), torch.tensor([5, 1, 3])
    estimated = jacobian_norms(encode, embedded, lengths, num_vectors=1, generator=torch.Generator())
    torch.testing.assert_close(estimated, exact_norms(encode, embedded, lengths), rtol=1e-10, atol=1e-14)


def test_many_vectors_come_close_to_the_exact_norms() -> None:
    encode, embedded, lengths = lstm(6), torch.randn(2, 3, 3), torch.tensor([3, 2])
    generator = torch.Generator().manual_seed(0)
    estimated = jacobian_norms(encode, embedded, lengths, num_vectors=3000, generator=generator)
    exact = exact_norms(encode, embedded, lengths)
    torch.testing.assert_close(estimated, exact, rtol=0.1, atol=0.0)
    assert (estimated != exact)[exact > 0].all()


def test_the_seed_decides_the_estimate() -> None:
    encode, embedded, lengths = lstm(6), torch.randn(1, 3, 3), torch.tensor([3])
    first, again, other = (
        jacobian_norms(encode, embedded, lengths, num_vectors=2, generator=torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_weights_collect_no_gradient() -> None:
    encoder = Encoder(cell=LSTM(), embedding_size=3, memory_size=2, num_layers=1, bidirectional=False, dropout=0.0)
    shares(lambda embedded, lengths: encoder(embedded, lengths).memory, SENTENCES)
    assert all(parameter.grad is None for parameter in encoder.parameters())


def test_shares_of_a_state_sum_to_one() -> None:
    counts = torch.tensor([4.0, 3.0])
    torch.testing.assert_close(shares(lstm(4), SENTENCES).sum(dim=1), counts)
    torch.testing.assert_close(shares(lstm(4), SENTENCES, reach=5).sum(dim=1), counts)


def test_a_memory_that_copies_its_word_has_all_its_gradient_from_it() -> None:
    assert shares(lambda embedded, lengths: embedded, SENTENCES).tolist() == [[0, 0, 4, 0, 0], [0, 0, 3, 0, 0]]


def test_a_memory_of_the_word_before_has_its_gradient_at_minus_one() -> None:
    before = shares(lambda embedded, lengths: torch.nn.functional.pad(embedded, (0, 0, 1, 0))[:, :-1], SENTENCES[:1])
    assert before.tolist() == [[0, 3, 0, 0, 0]]  # nothing comes before the first


def test_a_memory_of_the_word_after_has_its_gradient_at_plus_one() -> None:
    after = shares(lambda embedded, lengths: torch.nn.functional.pad(embedded, (0, 0, 0, 1))[:, 1:], SENTENCES[:1])
    assert after.tolist() == [[0, 0, 0, 4, 0]]  # after the last word comes EOS


def test_the_tokens_of_a_word_add_up() -> None:
    norms = torch.tensor([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 5.0, 0.0], [2.0, 2.0, 2.0, 2.0], [9.0, 9.0, 9.0, 9.0]])
    by_word = word_shares(norms, SENTENCES[1])  # tokens 0 and 1 are one word; the last row is the state of EOS
    torch.testing.assert_close(by_word, torch.tensor([[0.3, 0.3, 0.4], [0.0, 1.0, 0.0], [0.5, 0.25, 0.25]]))


def test_shares_are_summed_by_offset_and_beyond() -> None:
    by_word = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.5, 0.1, 0.2, 0.2], [0.3, 0.3, 0.3, 0.1]])
    sentence = ProbedSentence([4, 5, 6], [0, 1, 2])
    expected = torch.tensor([0.3, 0.5 + 0.3, 0.1 + 0.1 + 0.3, 0.2 + 0.2 + 0.1, 0.3 + 0.4 + 0.2])
    torch.testing.assert_close(sum_by_offset(by_word, sentence, reach=1), expected)


def test_equal_shares_come_from_the_lengths_alone() -> None:
    sentence = ProbedSentence([4, 5], [0, 1])  # and EOS: each has a third
    torch.testing.assert_close(equal_shares([sentence], reach=1), torch.tensor([[0.0, 1.0, 2.0, 2.0, 1.0]]) / 3)
