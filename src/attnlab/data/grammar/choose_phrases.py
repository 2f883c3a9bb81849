"""Which noun phrases are said, at an exact number of English words."""

from enum import Enum
from typing import Final

from attnlab.data.grammar.adjectives import COLOUR, Adjective, fitting, fitting_pairs
from attnlab.data.grammar.dead_end import DeadEnd
from attnlab.data.grammar.dice import Dice
from attnlab.data.grammar.nouns import NOUNS, Kind, Noun
from attnlab.data.grammar.places import Place
from attnlab.data.grammar.small_words import (
    ALL,
    BARE,
    EVERY,
    INTENSIFIERS,
    MANY,
    NO,
    NUMBERS,
    SOME,
    THE,
    THIS,
    A,
    Determiner,
)
from attnlab.data.grammar.small_words import POSSESSIVES as MINE
from attnlab.data.grammar.trees import Couple, Description, Nominal, NounPhrase, PlacePhrase, Pronoun


class Role(Enum):
    """What a noun phrase does: it limits the determiners."""

    SUBJECT = "subject"
    OBJECT = "object"
    PLAIN_SUBJECT = "subject of a question, of a negated verb, or after a conjunction that forbids negation"
    PLAIN_OBJECT = "object of such a clause"
    KNOWN = "recipient, or object of a preposition"
    NAMED = "subject of a description"
    PLACE = "place"
    OWN_PLACE = "place that can belong to somebody"


_SINGULAR: Final[dict[Role, tuple[Determiner, ...]]] = {
    Role.SUBJECT: (*(THE,) * 20, *(A,) * 6, *MINE * 2, *(THIS,) * 4, *(EVERY,) * 2, NO),
    Role.OBJECT: (*(THE,) * 14, *(A,) * 14, *MINE * 2, *(THIS,) * 4, EVERY, NO),
    Role.PLAIN_SUBJECT: (*(THE,) * 14, *(A,) * 4, *MINE, *(THIS,) * 3),
    Role.PLAIN_OBJECT: (*(THE,) * 8, *(A,) * 10, *MINE, *(THIS,) * 2),
    Role.KNOWN: (*(THE,) * 10, *(A,) * 5, *MINE, *(THIS,) * 2),
    Role.NAMED: (*(THE,) * 10, *MINE, *(THIS,) * 3),
    Role.PLACE: (*(THE,) * 12, A, THIS),
    Role.OWN_PLACE: (*(THE,) * 14, *(A,) * 2, *MINE, THIS),
}
_PLURAL: Final[dict[Role, tuple[Determiner, ...]]] = {
    Role.SUBJECT: (*(THE,) * 16, *MINE, *(THIS,) * 4, ALL, ALL, *(SOME,) * 3, *(MANY,) * 3, *NUMBERS, BARE, BARE, NO),
    Role.OBJECT: (*(THE,) * 14, *MINE, *(THIS,) * 4, ALL, *(SOME,) * 3, *(MANY,) * 3, *NUMBERS, *(BARE,) * 4, NO),
    Role.PLAIN_SUBJECT: (*(THE,) * 12, *MINE, *(THIS,) * 3, *(SOME,) * 2, *(MANY,) * 2, *NUMBERS),
    Role.PLAIN_OBJECT: (*(THE,) * 8, *MINE, *(THIS,) * 2, *(BARE,) * 6),
    Role.KNOWN: (*(THE,) * 10, *MINE, *(THIS,) * 2),
    Role.NAMED: (*(THE,) * 10, *MINE, *(THIS,) * 3),
}
_MASS: Final = (THE, THE, THE, THIS, BARE, BARE, BARE, BARE, BARE, *MINE[:2])
_COUPLE: Final = (THE, THE, THE, THE, A, A, *MINE)
_PRONOUNS: Final = tuple(Pronoun(name) for name in ("I", "I", "he", "she", "we", "they"))
_PAIRED: Final = frozenset({Kind.PERSON, Kind.ANIMAL})


def nominal(dice: Dice, kind: Kind, role: Role, size: int, *, alone: bool = False) -> Nominal:
    """A nominal of exactly `size` English words.

    Args:
        dice: the source of chance.
        kind: what it stands for.
        role: what it does in its clause.
        size: 1 to 7, if the kind has pronouns or couples, else 2 to 5.
        alone: whether it must be a single noun phrase, one that can bear a relative clause.

    Raises:
        DeadEnd: when the kind has no such nominal.
    """
    if size == 1 and not alone:
        if kind is Kind.PERSON:
            return dice.pick(_PRONOUNS)
        if role in (Role.OBJECT, Role.PLAIN_OBJECT):
            noun = dice.pick(NOUNS[kind])
            return NounPhrase(BARE, noun, plural=noun.countable)
        raise DeadEnd
    if size >= 5 and not alone and kind in _PAIRED and role is not Role.PLAIN_OBJECT:
        return _couple(dice, kind, size)
    return noun_phrase(dice, dice.pick(NOUNS[kind]), role, size)


def noun_phrase(dice: Dice, noun: Noun, role: Role, size: int) -> NounPhrase:
    """A noun phrase of 2 to 5 words without a relative clause; 5 only behind an indefinite determiner."""
    plural = noun.countable and role in _PLURAL and dice.chance(0.35)
    determiners = _MASS if not noun.countable else _PLURAL[role] if plural else _SINGULAR[role]
    determiner = dice.pick(determiners)
    words = size - (1 if determiner is BARE else 2)
    return NounPhrase(determiner, noun, plural, _descriptions(dice, noun, words, degree=not determiner.definite))


def place_phrase(dice: Dice, places: tuple[Place, ...], size: int) -> PlacePhrase:
    """A preposition with its noun phrase, 3 to 6 words."""
    place = dice.pick(places)
    role = Role.OWN_PLACE if place.noun.kind is Kind.ROOM else Role.PLACE
    return PlacePhrase(place, noun_phrase(dice, place.noun, role, size - 1))


def _descriptions(dice: Dice, noun: Noun, words: int, *, degree: bool) -> tuple[Description, ...]:
    """Adjectives of `words` words with what intensifies the first, if `degree` allows it."""
    if words == 0:
        return ()
    if words == 1:
        return (Description(dice.pick(fitting(noun))),)
    if words == 2 and degree and dice.chance(0.6):
        return (Description(_gradable(dice, noun), dice.pick(INTENSIFIERS)),)
    pairs = fitting_pairs(noun)
    if not pairs or words < 0 or words > (3 if degree else 2):
        raise DeadEnd
    first, second = dice.pick(pairs)
    return (Description(first, dice.pick(INTENSIFIERS) if words == 3 else None), Description(second))


def _gradable(dice: Dice, noun: Noun) -> Adjective:
    """Not a colour, which comes in no degrees."""
    adjective = dice.pick(fitting(noun))
    if adjective.rank == COLOUR:
        raise DeadEnd
    return adjective


def _couple(dice: Dice, kind: Kind, size: int) -> Couple:
    sizes = dice.spread(size - 1, ((2, 4), (2, 4)))
    first, second = dice.pick(NOUNS[kind]), dice.pick(NOUNS[kind])
    if sizes is None or first is second:
        raise DeadEnd
    return Couple(_half(dice, first, sizes[0]), _half(dice, second, sizes[1]))


def _half(dice: Dice, noun: Noun, size: int) -> NounPhrase:
    return NounPhrase(dice.pick(_COUPLE), noun, False, _descriptions(dice, noun, size - 2, degree=False))
