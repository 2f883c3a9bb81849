"""Which prepositions say where something is, or where someone goes."""

from dataclasses import dataclass
from typing import Final

from attnlab.data.grammar.german import Case
from attnlab.data.grammar.nouns import BY_ENGLISH, Noun


@dataclass(frozen=True, slots=True)
class Place:
    """A noun with its preposition in both languages, and the case that the German one takes here."""

    noun: Noun
    english: str
    german: str
    case: Case


# Noun, English and German preposition for "where" (dative), then both for "where to" and the case there; "-" for none.
_TABLE: Final = """
    house in in - - -
    kitchen in in into in acc
    room in in into in acc
    school at in to zu dat
    church in in to zu dat
    office in in to in acc
    museum in in to in acc
    restaurant in in to in acc
    hotel in in to zu dat
    shop in in into in acc
    garden in in into in acc
    city in in to in acc
    village in in to in acc
    forest in in into in acc
    park in in to in acc
    station at an to zu dat
    market at auf to auf acc
    river at an to zu dat
    lake at an to an acc
    street on auf - - -
    bridge on auf onto auf acc
    mountain on auf - - -
"""
_DWELLINGS: Final = ("house", "hotel", "city", "village", "forest")
_FAR: Final = ("hotel", "city", "village", "lake", "river", "station", "market")
_SURFACES: Final = ("table", "chair", "bed")


def _read() -> tuple[dict[str, Place], dict[str, Place]]:
    static, goals = {}, {}
    for line in _TABLE.strip().splitlines():
        name, where, wo, whither, wohin, case = line.split()
        static[name] = Place(BY_ENGLISH[name], where, wo, Case.DATIVE)
        if whither != "-":
            goals[name] = Place(BY_ENGLISH[name], whither, wohin, Case.DATIVE if case == "dat" else Case.ACCUSATIVE)
    return static, goals


_STATIC, _GOALS = _read()
WHERE: Final = tuple(_STATIC.values())
WHERE_TO: Final = tuple(_GOALS.values())
DWELLINGS: Final = tuple(_STATIC[name] for name in _DWELLINGS)
FAR: Final = tuple(_GOALS[name] for name in _FAR)
ON_TOP: Final = tuple(Place(BY_ENGLISH[name], "on", "auf", Case.DATIVE) for name in _SURFACES)
ONTO: Final = tuple(Place(BY_ENGLISH[name], "on", "auf", Case.ACCUSATIVE) for name in _SURFACES)
