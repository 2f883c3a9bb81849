"""How German articles, adjectives, nouns and pronouns are declined."""

from enum import Enum
from typing import Final


class Case(Enum):
    """The cases the grammar uses."""

    NOMINATIVE = 0
    ACCUSATIVE = 1
    DATIVE = 2


class Gender(Enum):
    """The row of a declension table: a gender in the singular, or the plural of any gender."""

    MASCULINE = 0
    FEMININE = 1
    NEUTER = 2
    PLURAL = 3


class Ending(Enum):
    """Which adjective endings a determiner asks for."""

    WEAK = 0
    MIXED = 1
    STRONG = 2


def _table(text: str) -> tuple[tuple[str, ...], ...]:
    """Rows nominative, accusative, dative; columns masculine, feminine, neuter, plural; "-" is the empty ending."""
    return tuple(tuple("" if cell == "-" else cell for cell in row.split()) for row in text.split("/"))


_ADJECTIVE: Final = {
    Ending.WEAK: _table("e e e en / en e e en / en en en en"),
    Ending.MIXED: _table("er e es en / en e es en / en en en en"),
    Ending.STRONG: _table("er e es e / en e es e / em er em en"),
}
_THE: Final = _table("der die das die / den die das die / dem der dem den")
_RELATIVE: Final = _table("der die das die / den die das die / dem der dem denen")
_DER_WORD: Final = _table("er e es e / en e es e / em er em en")
_EIN_WORD: Final = _table("- e - e / en e - e / em er em en")

_CONTRACTIONS: Final = {
    ("in", "dem"): "im",
    ("in", "das"): "ins",
    ("an", "dem"): "am",
    ("an", "das"): "ans",
    ("zu", "dem"): "zum",
    ("zu", "der"): "zur",
    ("von", "dem"): "vom",
    ("bei", "dem"): "beim",
}

# Pronouns: nominative, accusative, dative.
PRONOUNS: Final = {
    "I": ("ich", "mich", "mir"),
    "he": ("er", "ihn", "ihm"),
    "she": ("sie", "sie", "ihr"),
    "we": ("wir", "uns", "uns"),
    "they": ("sie", "sie", "ihnen"),
}


def definite(case: Case, gender: Gender) -> str:
    """The forms der, die, das."""
    return _THE[case.value][gender.value]


def relative(case: Case, gender: Gender) -> str:
    """The relative pronoun; it differs from the article in the dative plural: "denen"."""
    return _RELATIVE[case.value][gender.value]


def der_word(stem: str, case: Case, gender: Gender) -> str:
    """Forms declined like "dieser": dies-, jed-, all-, einig-, viel-."""
    return stem + _DER_WORD[case.value][gender.value]


def ein_word(stem: str, case: Case, gender: Gender) -> str:
    """Forms declined like "ein": kein, mein, sein, ihr, unser."""
    return stem + _EIN_WORD[case.value][gender.value]


def adjective(stem: str, ending: Ending, case: Case, gender: Gender) -> str:
    """An attributive adjective; `stem` is what stands before the ending (hoh- for hoch, teur- for teuer)."""
    return stem + _ADJECTIVE[ending][case.value][gender.value]


def noun(singular: str, plural: str, case: Case, *, is_plural: bool, is_weak: bool) -> str:
    """A noun: the dative plural adds n unless n or s ends it, and weak masculines add (e)n outside the nominative."""
    if is_plural:
        return plural + "n" if case is Case.DATIVE and plural[-1] not in "ns" else plural
    if is_weak and case is not Case.NOMINATIVE:
        return plural
    return singular


def contract(preposition: str, article: str) -> str | None:
    """The form "im" for "in dem" and so on; None where the two stay apart."""
    return _CONTRACTIONS.get((preposition, article))
