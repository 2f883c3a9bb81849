"""How English words are inflected."""

from typing import Final

# Pronouns: subject, object.
PRONOUNS: Final = {"I": "me", "he": "him", "she": "her", "we": "us", "they": "them"}

_VOWELS: Final = "aeiou"
_SIBILANTS: Final = ("s", "x", "z", "ch", "sh", "o")


def with_s(word: str) -> str:
    """The regular plural of a noun, which is also the regular third person singular of a verb."""
    if word.endswith(_SIBILANTS):
        return word + "es"
    if word.endswith("y") and word[-2] not in _VOWELS:
        return word[:-1] + "ies"
    return word + "s"


def with_ed(word: str) -> str:
    """The regular past; a doubled last consonant ("stopped") has to be spelled out by the caller."""
    if word.endswith("e"):
        return word + "d"
    if word.endswith("y") and word[-2] not in _VOWELS:
        return word[:-1] + "ied"
    return word + "ed"


def indefinite_article(following: str) -> str:
    """The form "an" before a vowel letter; no word of the vocabulary is like "hour" or "university"."""
    return "an" if following[0] in _VOWELS else "a"
