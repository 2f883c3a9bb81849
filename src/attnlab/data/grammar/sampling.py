"""Which pairs a split holds."""

from collections.abc import Iterator, Mapping
from typing import Final

from attnlab.data.grammar.choose_sentences import sentence
from attnlab.data.grammar.dice import Dice
from attnlab.data.grammar.requested_lengths import SHORTEST, RequestedLengths
from attnlab.data.grammar.sentences import spell_sentence
from attnlab.data.grammar.words import Pair
from attnlab.errors import DataError

_PATIENCE: Final = 2_000
"""Draws in a row that may all be taken before a split counts as exhausted."""


def sample_pairs(
    *,
    seed: int,
    split: str,
    size: int,
    lengths: Mapping[str, int | float],
    flipped: bool = False,
    taken: set[str] | None = None,
    distinct: bool = True,
) -> Iterator[Pair]:
    """Pairs of one split, each of exactly the length that was drawn for it.

    Args:
        seed: together with `split` it fixes every pair.
        split: name of the split.
        size: how many pairs.
        lengths: what `RequestedLengths` takes, in words of the source.
        flipped: whether German is the source.
        taken: sources (see `key`) that must not come; if `distinct`, those that came are added.
        distinct: whether no source may come twice.

    Raises:
        DataError: when the grammar has no more sentences of the requested lengths.
    """
    dice = Dice(f"grammar/{seed}/{split}")
    requested = RequestedLengths(lengths)
    avoid = set() if taken is None else taken
    for _ in range(size):
        pair = _new_pair(dice, requested, flipped, avoid)
        if pair is None:
            raise DataError(
                f"the grammar ran out of new sentences for split {split} of {size} pairs: "
                "ask for fewer pairs or for longer sentences"
            )
        if distinct:
            avoid.add(key(pair.source))
        yield pair


def key(source: str) -> str:
    """What makes two sources the same: their words, the final mark aside."""
    return source.removesuffix(" .").removesuffix(" ?")


def _new_pair(dice: Dice, requested: RequestedLengths, flipped: bool, avoid: set[str]) -> Pair | None:
    for _ in range(_PATIENCE):
        length = requested.draw(dice)
        pair = _german_of_length(dice, length) if flipped else spell_sentence(sentence(dice, length))
        if key(pair.source) not in avoid:
            return pair
    return None


def _german_of_length(dice: Dice, length: int) -> Pair:
    """A pair whose German side has `length` words: English ones of about that length are drawn until one fits."""
    while True:
        english_length = max(SHORTEST, length - dice.below(2 + length // 8) + dice.below(2 + length // 16))
        pair = spell_sentence(sentence(dice, english_length), flipped=True)
        if pair.source.count(" ") + 1 == length:
            return pair
