import pytest
import torch

from attnlab.errors import ShapeError
from attnlab.evaluation.words import merge_weights, word_weights, words_of
from attnlab.text.special import BOS, EOS, PAD, UNK
from attnlab.text.tokenizer import Tokenizer
from attnlab.text.trainers import BytePairTrainer, CharacterTrainer, TokenizerTrainer, WordTrainer


def test_source_pieces_add_up_and_target_pieces_are_averaged() -> None:
    weights = torch.tensor([[0.1, 0.2, 0.7], [0.3, 0.4, 0.3], [0.0, 0.0, 1.0]])
    merged = merge_weights(weights, source_words=[0, 0, 1], target_words=[0, 0, 1])
    torch.testing.assert_close(merged, torch.tensor([[(0.3 + 0.7) / 2, (0.7 + 0.3) / 2], [0.0, 1.0]]))


def test_rows_keep_their_sum() -> None:
    weights = torch.rand(7, 9).softmax(dim=-1)
    merged = merge_weights(weights, [0, 0, 1, 2, 2, 2, 3, 4, 5], [0, 1, 1, 1, 2, 3, 4])
    assert merged.shape == (5, 6)
    torch.testing.assert_close(merged.sum(dim=1), torch.ones(5))


def test_whole_words_stay_as_they_are() -> None:
    weights = torch.rand(3, 4, dtype=torch.float64)
    torch.testing.assert_close(merge_weights(weights, [0, 1, 2, 3], [0, 1, 2]), weights)


def test_every_token_needs_a_word() -> None:
    with pytest.raises(ShapeError, match="2 target and 3 source tokens came with 2 and 2 words: count EOS"):
        merge_weights(torch.ones(2, 3), [0, 1], [0, 1])


def test_weights_between_words_keep_eos_of_the_source_and_drop_that_of_the_target() -> None:
    # Source: two pieces of one word, a word, EOS. Target: a word, two pieces of one word, EOS.
    weights = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.5, 0.5]])
    wanted = torch.tensor([[0.3, 0.3, 0.4], [0.5, 0.0, 0.5]])
    torch.testing.assert_close(word_weights(weights, [0, 0, 1], [0, 1, 1]), wanted)
    torch.testing.assert_close(word_weights(weights[:3], [0, 0, 1], [0, 1, 1]), wanted)  # cut before EOS


def test_a_translation_without_words_has_no_weights() -> None:
    assert word_weights(torch.ones(1, 3), [0, 1], []).shape == (0, 3)


LINES = ["the unbelievable dogs , they sleep", "über  allen Gipfeln \u3000ist 3.14 Ruh'", "the the the dog", "a"]
TRAINERS = {
    "words": WordTrainer(),
    "characters": CharacterTrainer(),
    "bytepair": BytePairTrainer(vocab_size=60),
}


@pytest.fixture(params=TRAINERS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    trainer: TokenizerTrainer = TRAINERS[request.param]
    return trainer.train(LINES, LINES).target


@pytest.mark.parametrize("line", [*LINES, "the dogs \U0001f415 sleep", ""])
def test_the_words_of_a_text_s_ids_are_those_of_the_text(tokenizer: Tokenizer, line: str) -> None:
    (ids,) = tokenizer.encode_batch([line])
    assert words_of(tokenizer, ids) == tokenizer.word_indices(line)


def test_ids_that_add_nothing_to_read_belong_to_the_next_word_or_to_the_last() -> None:
    tokenizer = CharacterTrainer().train(["a b"], ["a b"]).target
    (a, space, b) = tokenizer.encode_batch(["a b"])[0]
    assert words_of(tokenizer, [space, a, space, space, b, b, space]) == [0, 0, 1, 1, 1, 1, 1]
    assert words_of(tokenizer, [BOS, a, PAD, b, EOS]) == [0, 0, 0, 0, 0]
    assert words_of(tokenizer, [a, space, UNK, a]) == [0, 1, 1, 1]
    assert words_of(tokenizer, [space, space]) == []
