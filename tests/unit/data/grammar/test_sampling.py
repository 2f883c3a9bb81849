"""Sampled pairs: lengths, alignments, and German as a function of English."""

import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.data.grammar import sampling
from attnlab.data.grammar.choose_sentences import sentence
from attnlab.data.grammar.dice import Dice
from attnlab.data.grammar.sampling import key, sample_pairs
from attnlab.data.grammar.sentences import spell_sentence
from attnlab.data.grammar.words import Pair
from attnlab.errors import DataError

Links = Callable[[str], set[tuple[int, int]]]
Sample = Callable[..., list[Pair]]
LENGTHS = {"minimum": 3, "maximum": 40, "mean": 13}


@pytest.fixture(scope="module")
def pairs(sample: Sample) -> list[Pair]:
    return sample(seed=5, split="train", size=2000, lengths=LENGTHS, distinct=False)


@pytest.mark.parametrize("size", [3, 8, 14, 23, 40])
def test_a_sentence_has_exactly_the_requested_words(size: int) -> None:
    dice = Dice(f"size {size}")
    for _ in range(4):
        assert len(spell_sentence(sentence(dice, size)).source.split()) == size


def test_every_length_can_be_had(sample: Sample) -> None:
    lengths = {str(length): 1 for length in [*range(3, 66), 90, 120]}
    drawn = {len(pair.source.split()) for pair in sample(seed=1, split="train", size=1000, lengths=lengths)}
    assert drawn == {int(length) for length in lengths}


def test_every_word_but_commas_is_aligned(pairs: list[Pair], links: Links) -> None:
    for pair in pairs:
        source, target = pair.source.split(), pair.target.split()
        found = links(pair.alignment)
        assert {i for i, _ in found} == set(range(len(source)))
        assert {j for _, j in found} | {j for j, word in enumerate(target) if word == ","} == set(range(len(target)))
        assert max(j for _, j in found) < len(target)


def test_german_is_a_function_of_english(sample: Sample) -> None:
    translations = defaultdict(set)
    for pair in sample(seed=7, split="short", size=6000, lengths={"3-5": 1}, distinct=False):
        translations[key(pair.source)].add(key(pair.target))
    assert len(translations) < 5800  # some came twice
    assert all(len(found) == 1 for found in translations.values())


def test_punctuation_stands_alone_and_commas_share_a_place(pairs: list[Pair]) -> None:
    for pair in pairs:
        for line in (pair.source, pair.target):
            words = line.split()
            assert line == " ".join(words)
            assert all(word.isalpha() or word in {",", ".", "?"} for word in words)
            assert words[0] != "," and words[-1] != ","  # noqa: PT018
            assert all(not (a == "," and b in {",", ".", "?"}) for a, b in itertools.pairwise(words))
        assert pair.source[-1] in ".?" or pair.target[-1] not in ".?"


def test_about_a_third_has_no_final_mark(pairs: list[Pair]) -> None:
    open_ended = sum(pair.source[-1] not in ".?" for pair in pairs)
    assert 0.22 < open_ended / len(pairs) < 0.38


def test_the_same_seed_gives_the_same_pairs_and_another_gives_others(pairs: list[Pair]) -> None:
    def draw(seed: int, split: str) -> list[Pair]:
        return list(sample_pairs(seed=seed, split=split, size=20, lengths=LENGTHS, distinct=False))

    assert draw(5, "train") == pairs[:20]  # which another process drew
    assert draw(6, "train") != pairs[:20]
    assert draw(5, "test") != pairs[:20]


def test_draws_are_the_documented_ones_of_python() -> None:
    dice, twister = Dice("grammar/0/train"), random.Random("grammar/0/train")
    assert [dice.below(1000) for _ in range(9)] == [int(twister.random() * 1000) for _ in range(9)]


def test_spread_meets_total_and_ranges_or_gives_up() -> None:
    dice = Dice("spread")
    for _ in range(50):
        sizes = dice.spread(9, ((1, 2), (3, 5), (2, 4)))
        assert sizes is not None
        assert sum(sizes) == 9
        assert all(low <= size <= high for size, (low, high) in zip(sizes, ((1, 2), (3, 5), (2, 4)), strict=True))
    assert dice.spread(12, ((1, 2), (3, 5), (2, 4))) is None
    assert dice.spread(5, ((1, 2), (3, 5), (2, 4))) is None


def spread_one_by_one(dice: Dice, total: int, ranges: Sequence[tuple[int, int]]) -> list[int] | None:
    """What `spread` says, drawing for every single word until there is no room."""
    sizes = [least for least, _ in ranges]
    if sum(sizes) > total:
        return None
    while sum(sizes) < total:
        growing = [index for index, (_, most) in enumerate(ranges) if sizes[index] < most]
        if not growing:
            return None
        sizes[dice.pick(growing)] += 1
    return sizes


@given(total=st.integers(0, 30), ranges=st.lists(st.tuples(st.integers(1, 3), st.integers(3, 6)), max_size=4))
def test_a_spread_that_fails_draws_as_much_as_one_that_tries(total: int, ranges: list[tuple[int, int]]) -> None:
    fast, slow = Dice("spread"), Dice("spread")
    assert fast.spread(total, ranges) == spread_one_by_one(slow, total, ranges)
    assert fast.below(1_000_000) == slow.below(1_000_000)  # what follows is the same


def test_german_sources_have_the_requested_lengths(sample: Sample) -> None:
    flipped = sample(seed=1, split="train", size=200, lengths={"8-20": 1}, flipped=True)
    assert {len(pair.source.split()) for pair in flipped} == set(range(8, 21))
    assert any(" den " in f" {pair.source} " for pair in flipped)


class _Everything(set[str]):
    """A set that holds every sentence."""

    def __contains__(self, sentence: object) -> bool:
        return True


def test_an_exhausted_grammar_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "_PATIENCE", 5)
    pairs = sample_pairs(seed=1, split="test", size=9, lengths={"3": 1}, taken=_Everything())
    with pytest.raises(DataError, match="ran out of new sentences for split test of 9 pairs"):
        list(pairs)
