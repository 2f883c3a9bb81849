"""How aligned English and German words become a pair of lines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Pair(NamedTuple):
    """Two lines of blank-separated words and their gold alignment in Pharaoh format ("0-0 1-2", source-target)."""

    source: str
    target: str
    alignment: str


@dataclass(slots=True, eq=False)
class English:
    """One English word; two words are the same only if they are the same object."""

    text: str


@dataclass(slots=True, eq=False)
class German:
    """One German word with the English words that it translates (none for a comma that English does not write)."""

    text: str
    sources: tuple[English, ...] = ()


@dataclass(slots=True)
class Parallel:
    """A phrase in both languages, each side in its own order."""

    english: list[English]
    german: list[German]


def english(text: str) -> list[English]:
    """The words of a blank-separated text."""
    return [English(word) for word in text.split()]


def together(english_text: str, german_text: str) -> Parallel:
    """A fixed phrase: word by word where both sides have as many, else last word to last word and the rest to the rest.

    "last week" is "letzte Woche"; in "in the morning" and "am Morgen" both "in" and "the" belong to "am".
    """
    sources = english(english_text)
    words = german_text.split()
    if len(words) == len(sources):
        return Parallel(sources, [German(word, (source,)) for word, source in zip(words, sources, strict=True)])
    rest = [German(word, tuple(sources[:-1] or sources)) for word in words[:-1]]
    return Parallel(sources, [*rest, German(words[-1], tuple(sources[-1:] if rest else sources))])


def tidy_commas(words: Iterable[German]) -> list[German]:
    """Two clauses that end or begin at the same place share one comma, and none stands at an end."""
    tidy: list[German] = []
    for word in words:
        if tidy and tidy[-1].text == ",":
            if word.text == ",":
                tidy[-1] = German(",", (*tidy[-1].sources, *word.sources))
                continue
            if word.text in {".", "?"}:
                tidy.pop()
        if word.text != "," or tidy:
            tidy.append(word)
    if tidy and tidy[-1].text == ",":
        tidy.pop()
    return tidy


def pair(sources: Sequence[English], targets: Sequence[German], *, flipped: bool = False) -> Pair:
    """Lines and links of a finished sentence; `flipped` makes German the source."""
    position = {id(word): index for index, word in enumerate(sources)}
    links = sorted({(position[id(word)], index) for index, target in enumerate(targets) for word in target.sources})
    english_line = " ".join(word.text for word in sources)
    german_line = " ".join(word.text for word in targets)
    if flipped:
        links = sorted((target, source) for source, target in links)
        return Pair(german_line, english_line, _pharaoh(links))
    return Pair(english_line, german_line, _pharaoh(links))


def _pharaoh(links: Iterable[tuple[int, int]]) -> str:
    return " ".join(f"{source}-{target}" for source, target in links)
