"""The adjectives, by the nouns they fit."""

from dataclasses import dataclass
from typing import Final

from attnlab.data.grammar.nouns import NOUNS, Kind, Noun


@dataclass(frozen=True, slots=True)
class Adjective:
    """Both languages' forms; of two adjectives the one of lower `rank` stands first, in both languages."""

    english: str
    german: str
    stem: str
    rank: int


STATE: Final = 2
"""Rank of the adjectives that may pass: tired, dirty."""
COLOUR: Final = 4
"""Rank of the adjectives that have no degrees."""

_THINGS: Final = (
    Kind.UPRIGHT, Kind.FLAT, Kind.CLOTHES, Kind.DEVICE, Kind.OPENING, Kind.VEHICLE, Kind.CAR,
)  # fmt: skip
_GROUPS: Final[dict[str, tuple[Kind, ...]]] = {
    "person": (Kind.PERSON,),
    "animate": (Kind.PERSON, Kind.ANIMAL),
    "animal": (Kind.ANIMAL,),
    "eatable": (Kind.FOOD, Kind.MEAL),
    "served": (Kind.DRINK,),
    "text": (Kind.TEXT,),
    "thing": _THINGS,
    "coloured": (*_THINGS, Kind.ANIMAL),
    "sized": (*_THINGS, Kind.ANIMAL, Kind.FOOD, Kind.ROOM, Kind.PLACE),
    "bought": (*_THINGS, Kind.FOOD, Kind.MEAL, Kind.DRINK),
    "made": (*_THINGS, Kind.TEXT, Kind.ROOM),
    "kept": (*_THINGS, Kind.ROOM),
    "worn": (Kind.CLOTHES,),
    "built": (Kind.ROOM,),
    "any": (Kind.PERSON, Kind.ANIMAL, *_THINGS, Kind.TEXT, Kind.ROOM, Kind.PLACE),
    "good": (Kind.PERSON, Kind.ANIMAL, Kind.FOOD, Kind.MEAL, Kind.DRINK, *_THINGS, Kind.TEXT, Kind.ROOM),
}

# English, German, stem before an ending if it differs; rank: 0 opinion, 1 size, 2 state, 3 age, 4 colour.
_TABLE: Final = """
    good gut/- 0 good
    beautiful schön/- 0 any
    ugly hässlich/- 0 thing
    expensive teuer/teur 0 bought
    cheap billig/- 0 bought
    interesting interessant/- 0 text
    important wichtig/- 0 text
    famous berühmt/- 0 person
    friendly freundlich/- 0 person
    clever klug/- 0 animate
    lazy faul/- 0 animate
    brave mutig/- 0 animate
    polite höflich/- 0 person
    dangerous gefährlich/- 0 animal
    big groß/- 1 sized
    small klein/- 1 sized
    short kurz/- 1 text
    long lang/- 1 worn
    heavy schwer/- 1 thing
    happy glücklich/- 2 animate
    sad traurig/- 2 animate
    tired müde/müd 2 animate
    hungry hungrig/- 2 animate
    rich reich/- 2 person
    poor arm/- 2 person
    strong stark/- 2 animate
    weak schwach/- 2 animate
    sick krank/- 2 animate
    healthy gesund/- 2 animate
    clean sauber/- 2 kept
    dirty schmutzig/- 2 kept
    dark dunkel/dunkl 2 built
    quiet ruhig/- 2 built
    warm warm/- 2 served
    cold kalt/- 2 served
    fresh frisch/- 2 eatable
    old alt/- 3 any
    young jung/- 3 animate
    new neu/- 3 made
    modern modern/- 3 built
    red rot/- 4 thing
    blue blau/- 4 thing
    green grün/- 4 thing
    black schwarz/- 4 coloured
    white weiß/- 4 coloured
    brown braun/- 4 coloured
"""


def _read(line: str) -> tuple[Adjective, tuple[Kind, ...]]:
    english, german, rank, group = line.split()
    base, stem = german.split("/")
    return Adjective(english, base, base if stem == "-" else stem, int(rank)), _GROUPS[group]


_ENTRIES: Final = tuple(_read(line) for line in _TABLE.strip().splitlines())
BY_ENGLISH: Final = {adjective.english: adjective for adjective, _ in _ENTRIES}
_BY_KIND: Final = {kind: tuple(adjective for adjective, kinds in _ENTRIES if kind in kinds) for kind in NOUNS}


_PAIRS: Final = {
    kind: tuple((first, second) for first in choices for second in choices if first.rank < second.rank)
    for kind, choices in _BY_KIND.items()
}


def fitting(noun: Noun) -> tuple[Adjective, ...]:
    """The adjectives that a reader would accept before this noun."""
    return _BY_KIND[noun.kind]


def fitting_pairs(noun: Noun) -> tuple[tuple[Adjective, Adjective], ...]:
    """Two adjectives that may stand together, in their order: opinion, size, state, age, colour."""
    return _PAIRS[noun.kind]
