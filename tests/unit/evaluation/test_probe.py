import math

import pytest
import torch

from attnlab.evaluation.intervals import Estimate, estimate
from attnlab.evaluation.probe import (
    NO_WORD,
    ProbedSentence,
    Reader,
    batch_of,
    mean_over_states,
    memory_states,
    offset_names,
    word_identities,
)
from attnlab.seq2seq.cells import GRU
from attnlab.seq2seq.encoder import Encoder
from attnlab.text.special import EOS

SPLIT = ProbedSentence(tokens=[7, 8, 9, 7, 8], words=[0, 0, 1, 2, 2])
"""Three words, of which the first and the last are the same two tokens."""


def test_a_word_is_the_tokens_it_is_made_of() -> None:
    assert SPLIT.num_words == 3
    assert SPLIT.identities() == [(7, 8), (9,), (7, 8)]


def test_each_state_knows_the_words_around_its_own() -> None:
    other = ProbedSentence(tokens=[9], words=[0])
    assert word_identities([SPLIT, other], reach=1).tolist() == [
        [NO_WORD, 0, 1],  # both tokens of the first word
        [NO_WORD, 0, 1],
        [0, 1, 0],
        [1, 0, NO_WORD],
        [1, 0, NO_WORD],
        [NO_WORD, 1, NO_WORD],
    ]


def test_a_word_before_the_own_one_has_a_negative_offset() -> None:
    assert offset_names(2, beyond=False) == ["-2", "-1", "0", "+1", "+2"]
    assert offset_names(1, beyond=True) == ["<-1", "-1", "0", "+1", ">+1"]


def test_the_batch_has_what_the_model_reads() -> None:
    batch = batch_of([SPLIT, ProbedSentence([9], [0])])
    assert batch.source.tolist() == [[7, 8, 9, 7, 8, EOS], [9, EOS, 0, 0, 0, 0]]
    assert batch.source_lengths.tolist() == [6, 2]


@pytest.mark.usefixtures("float64")
def test_the_memory_of_a_sentence_does_not_depend_on_its_neighbours() -> None:
    encoder = Encoder(cell=GRU(), embedding_size=3, memory_size=4, num_layers=1, bidirectional=True, dropout=0.0)
    embedding = torch.nn.Embedding(10, 3)
    reader = Reader(embedding, lambda embedded, lengths: encoder(embedded, lengths).memory)
    sentences = [SPLIT, ProbedSentence([9, 4], [0, 1])]
    together = memory_states(reader, sentences, torch.device("cpu"))
    assert [tuple(each.shape) for each in together] == [(5, 4), (2, 4)]
    for sentence, memory in zip(sentences, together, strict=True):
        torch.testing.assert_close(memory_states(reader, [sentence], torch.device("cpu"))[0], memory)


def test_with_sentences_of_one_length_the_interval_is_that_of_a_mean() -> None:
    means = [0.1, 0.5, 0.3, 0.7]
    counts = torch.full((4, 1), 5.0, dtype=torch.float64)
    (found,) = mean_over_states(5 * torch.tensor(means, dtype=torch.float64).unsqueeze(1), counts)
    expected = estimate(means)
    assert (found.mean, found.half_width) == pytest.approx((expected.mean, expected.half_width))
    assert found.count == 4


def test_long_sentences_count_more_and_those_without_a_state_not_at_all() -> None:
    sums = torch.tensor([[3.0], [1.0], [0.0]], dtype=torch.float64)
    counts = torch.tensor([[3.0], [5.0], [0.0]], dtype=torch.float64)
    (found,) = mean_over_states(sums, counts)
    assert (found.mean, found.count) == (0.5, 2)
    assert mean_over_states(sums[:2], counts[:2]) == [found]


def test_one_sentence_has_no_interval_and_none_no_mean() -> None:
    one = torch.ones(1, 1, dtype=torch.float64)
    assert mean_over_states(one, one) == [Estimate(1.0, None, 1)]
    (nothing,) = mean_over_states(0 * one, 0 * one)
    assert math.isnan(nothing.mean)
    assert nothing.half_width is None
