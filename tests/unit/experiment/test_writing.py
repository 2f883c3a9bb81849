"""A translation as text, with unknown words replaced and links beside it, of words and of pieces."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from attnlab.decoding.protocol import Hypothesis
from attnlab.evaluation.unknown_words import CopyWord, UnknownWord
from attnlab.experiment.writing import Writing
from attnlab.text.special import UNK
from attnlab.text.tokenizer import TokenizerPair
from attnlab.text.trainers import CharacterTrainer, WordTrainer

LINE = "the  old Xyzzy"


class Twice(UnknownWord):
    def __call__(self, word: str) -> str:
        return f"{word} {word}"


@pytest.fixture
def words() -> TokenizerPair:
    return WordTrainer().train(["the old man"], ["der alte Mann"])


def said(tokens: Sequence[int], weights: Tensor | None) -> Hypothesis:
    return Hypothesis(list(tokens), log_prob=-1.0, score=-1.0, weights=weights, finished=True)


def looking_at(*places: int, size: int) -> Tensor:
    return torch.eye(size)[list(places)]


def test_plain_text_needs_no_attention(words: TokenizerPair) -> None:
    (tokens,) = words.target.encode_batch(["der Mann"])
    assert Writing(words, None, aligned=False)(LINE, said(tokens, None)) == "der Mann"


def test_a_line_without_a_translation_has_the_format_of_the_others(words: TokenizerPair) -> None:
    assert Writing(words, None, aligned=True).nothing == Writing(words, None, aligned=True)(
        LINE, said([], looking_at(3, size=4))
    )
    assert Writing(words, None, aligned=False).nothing == ""


def test_links_are_between_the_words_of_the_line_and_of_the_translation(words: TokenizerPair) -> None:
    der, alte, mann = words.target.encode_batch(["der alte Mann"])[0]
    hypothesis = said([mann, alte, der], looking_at(2, 3, 0, 3, size=4))
    assert Writing(words, None, aligned=True)(LINE, hypothesis) == "Mann alte der ||| 0-2 2-0"  # alte looks at EOS
    assert Writing(words, None, aligned=True)(LINE, said([], looking_at(3, size=4))) == " ||| "


def test_unknown_words_are_replaced(words: TokenizerPair) -> None:
    (der,) = words.target.encode_batch(["der"])[0]
    hypothesis = said([der, UNK], looking_at(0, 2, 3, size=4))
    assert Writing(words, None, aligned=False)(LINE, hypothesis) == "der <unk>"
    assert Writing(words, CopyWord(), aligned=False)(LINE, hypothesis) == "der Xyzzy"
    assert Writing(words, CopyWord(), aligned=True)(LINE, hypothesis) == "der Xyzzy ||| 0-0 2-1"


def test_a_word_that_becomes_several_passes_its_link_on(words: TokenizerPair) -> None:
    (der,) = words.target.encode_batch(["der"])[0]
    hypothesis = said([UNK, der], looking_at(2, 0, 3, size=4))
    assert Writing(words, Twice(), aligned=True)(LINE, hypothesis) == "Xyzzy Xyzzy der ||| 0-2 2-0 2-1"


def test_a_word_of_which_one_piece_is_unknown_is_replaced_as_a_whole() -> None:
    pair = CharacterTrainer().train(["ab c"], ["ab c"])
    a, b, space, c = pair.target.encode_batch(["ab c"])[0]
    # The source "c ab" has the tokens c, space, a, b and EOS; the space belongs to the word after it.
    hypothesis = said([a, UNK, space, c, b], looking_at(0, 2, 1, 0, 0, 4, size=5))
    assert pair.target.decode(hypothesis.tokens) == "a<unk> cb"
    # "a<unk>": half its weight on c, half on ab: the first. "cb": c twice, ab (by its space) once.
    assert Writing(pair, CopyWord(), aligned=True)("c ab", hypothesis) == "c cb ||| 0-0 0-1"
