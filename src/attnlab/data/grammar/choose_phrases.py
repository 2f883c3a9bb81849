"""Which noun phrases are said, at an exact number of English words."""

from enum import Enum
from typing import Final

from attnlab.data.grammar.adjectives import fitting
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
    POSSESSIVES,
    SOME,
    THE,
    THIS,
    A,
    Determiner,
)  # fmt: skip
from attnlab.data.grammar.trees import Couple, Description, Nominal, NounPhrase, PlacePhrase, Pronoun


class Role(Enum):
    """What a noun phrase does: it limits the determiners."""

    SUBJECT = "subject"
    OBJECT = "object"
    DENIED = "object of a negated verb"
    DENIED_SUBJECT = "subject of a negated verb"
    KNOWN = "recipient, or object of a preposition"
    PLACE = "place"


_MINE: Final = POSSESSIVES
_COMMON: Final = (THE, THE, THE, THE, THE, THE, A, A, *_MINE[:3], THIS)
_SINGULAR: Final[dict[Role, tuple[Determiner, ...]]] = {
    Role.SUBJECT: (*_COMMON, *_COMMON, *_MINE, EVERY, EVERY, NO),
    Role.OBJECT: (*_COMMON, *_COMMON, A, A, A, *_MINE, EVERY, NO),
    Role.DENIED: (THE, THE, THE, A, A, *_MINE, THIS),
    Role.DENIED_SUBJECT: (*_COMMON, *_MINE),
    Role.KNOWN: (THE, THE, THE, THE, A, *_MINE, THIS),
    Role.PLACE: (THE,) * 14 + (A, *_MINE, THIS),
}
_PLURAL: Final[dict[Role, tuple[Determiner, ...]]] = {
    Role.SUBJECT: (THE,) * 8 + (*_MINE, THIS, THIS, ALL, SOME, MANY, *NUMBERS, BARE, NO),
    Role.OBJECT: (THE,) * 8 + (*_MINE, THIS, THIS, ALL, SOME, MANY, *NUMBERS, BARE, BARE, NO),
    Role.DENIED: (THE, THE, THE, *_MINE, THIS, BARE, BARE),
    Role.DENIED_SUBJECT: (THE, THE, THE, THE, *_MINE, THIS, SOME, MANY, *NUMBERS),
    Role.KNOWN: (THE, THE, THE, THE, *_MINE, THIS),
}
_MASS: Final = (THE, THE, THIS, BARE, BARE, BARE, *_MINE)
_COUPLE: Final = (THE, THE, THE, A, *_MINE)
_MOST: Final = 5

PRONOUNS: Final = tuple(Pronoun(name) for name in ("I", "he", "she", "we", "they"))


def nominal(dice: Dice, kind: Kind, role: Role, size: int, *, couples: bool = True) -> Nominal | None:
    """A nominal of exactly `size` English words (1 to 9); None if `kind` has none of that size in that role."""
    if size == 1:
        if kind is Kind.PERSON:
            return dice.pick(PRONOUNS)
        if role in (Role.OBJECT, Role.DENIED):
            noun = dice.pick(NOUNS[kind])
            return NounPhrase(BARE, noun, plural=noun.countable)
        return None
    can_couple = couples and size >= 5 and role is not Role.DENIED and kind in (Kind.PERSON, Kind.ANIMAL)
    if size > _MOST or (can_couple and dice.chance(0.5)):
        return _couple(dice, kind, size) if can_couple else None
    return noun_phrase(dice, dice.pick(NOUNS[kind]), role, size)


def noun_phrase(dice: Dice, noun: Noun, role: Role, size: int) -> NounPhrase | None:
    """A noun phrase of 2 to 5 words without a relative clause."""
    plural = noun.countable and role in _PLURAL and dice.chance(0.35)
    if not noun.countable:
        determiner = dice.pick(_MASS)
    else:
        determiner = dice.pick(_PLURAL[role] if plural else _SINGULAR[role])
    words = size - 1 - (0 if determiner is BARE else 1)
    descriptions = _descriptions(dice, noun, words)
    return None if descriptions is None else NounPhrase(determiner, noun, plural, descriptions)


def place_phrase(dice: Dice, places: tuple[Place, ...], size: int) -> PlacePhrase | None:
    """A preposition with its noun phrase, 3 to 6 words."""
    place = dice.pick(places)
    phrase = noun_phrase(dice, place.noun, Role.PLACE, size - 1)
    if phrase is None or phrase.plural:
        return None
    return PlacePhrase(place, phrase)


def _descriptions(dice: Dice, noun: Noun, words: int) -> tuple[Description, ...] | None:
    """Adjectives in the order opinion, size, state, age, colour, that both languages share; "very" before one."""
    if words == 0:
        return ()
    adjectives = fitting(noun)
    first = dice.pick(adjectives)
    if words == 1:
        return (Description(first),)
    intensifier = dice.pick(INTENSIFIERS) if first.rank < 4 else None
    if words == 2 and intensifier is not None and dice.chance(0.5):
        return (Description(first, intensifier),)
    if words > 3:
        return None
    later = [adjective for adjective in adjectives if adjective.rank > first.rank]
    if not later or (words == 3 and intensifier is None):
        return None
    second = Description(dice.pick(later))
    return (Description(first, intensifier if words == 3 else None), second)


def _couple(dice: Dice, kind: Kind, size: int) -> Couple | None:
    sizes = dice.spread(size - 1, ((2, 4), (2, 4)))
    if sizes is None:
        return None
    nouns = NOUNS[kind]
    first, second = dice.pick(nouns), dice.pick(nouns)
    halves = [_half(dice, noun, words) for noun, words in zip((first, second), sizes, strict=True)]
    if first is second or halves[0] is None or halves[1] is None:
        return None
    return Couple(halves[0], halves[1])


def _half(dice: Dice, noun: Noun, size: int) -> NounPhrase | None:
    descriptions = _descriptions(dice, noun, size - 2)
    return None if descriptions is None else NounPhrase(dice.pick(_COUPLE), noun, False, descriptions)
