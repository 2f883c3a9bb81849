"""Derivations written by hand: short ways to name the parts of a sentence."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from attnlab.data.grammar import adjectives, nouns, places
from attnlab.data.grammar.small_words import (
    ALL,
    BARE,
    COORDINATORS,
    EVERY,
    FREQUENCIES,
    INTENSIFIERS,
    INTERROGATIVES,
    MANNERS,
    MANY,
    MODALS,
    NO,
    NUMBERS,
    POSSESSIVES,
    SOME,
    SUBORDINATORS,
    THE,
    THIS,
    TIMES,
    VOICES,
    A,
    Adverbial,
    Coordinator,
    Modal,
    Subordinator,
)  # fmt: skip
from attnlab.data.grammar.trees import Description, NounPhrase, PlacePhrase, Pronoun, Relative
from attnlab.data.grammar.verbs import VERBS, Frame, Verb
from attnlab.data.grammar.words import Pair

PLURALS = {noun.english_plural: noun for noun in nouns.BY_ENGLISH.values()}
ADVERBS = {adverb.english: adverb for adverb in (*TIMES, *FREQUENCIES, *MANNERS, *VOICES, *INTERROGATIVES)}
DETERMINERS = {
    word: determiner
    for determiner in (THE, A, NO, BARE, THIS, EVERY, ALL, SOME, MANY, *POSSESSIVES, *NUMBERS)
    for word in (determiner.english, determiner.english_plural)
    if word or determiner is BARE
}
DEGREES = {adverb.english: adverb for adverb in INTENSIFIERS}


@dataclass(frozen=True)
class Lexicon:
    """Looks parts up by their English words."""

    def phrase(self, text: str, relative: Relative | None = None) -> NounPhrase:
        """A noun phrase such as "the very old men"."""
        *words, head = text.split()
        plural = head in PLURALS
        noun = PLURALS[head] if plural else nouns.BY_ENGLISH[head]
        determiner = BARE
        if words and (words[0] in DETERMINERS or words[0] == "an"):
            first = words.pop(0)
            determiner = DETERMINERS["a" if first == "an" else first]
        described, degree = [], None
        for word in words:
            if word in DEGREES:
                degree = DEGREES[word]
                continue
            described.append(Description(adjectives.BY_ENGLISH[word], degree))
            degree = None
        return NounPhrase(determiner, noun, plural, tuple(described), relative)

    def pronoun(self, name: str) -> Pronoun:
        return Pronoun(name)

    def place(self, text: str, among: tuple[places.Place, ...]) -> PlacePhrase:
        """A place such as "the old garden" with the prepositions of one of the groups in `places`."""
        phrase = self.phrase(text)
        (place,) = (place for place in among if place.noun is phrase.noun)
        return PlacePhrase(place, phrase)

    def verb(self, english: str, frame: Frame, german: str = "") -> Verb:
        """A verb by "base particle", its frame, and the German infinitive where that is not enough."""
        (verb,) = (
            verb
            for verb in VERBS[frame]
            if f"{verb.english} {verb.particle}".strip() == english and german in ("", verb.german.joined_infinitive)
        )
        return verb

    def adjective(self, text: str) -> Description:
        *degree, word = text.split()
        return Description(adjectives.BY_ENGLISH[word], DEGREES[degree[0]] if degree else None)

    def adverb(self, text: str) -> Adverbial:
        return ADVERBS[text]

    def modal(self, text: str) -> Modal:
        return next(modal for modal in MODALS if modal.english == text)

    def subordinator(self, text: str) -> Subordinator:
        return next(choice for choice in SUBORDINATORS if choice.english == text)

    def coordinator(self, text: str) -> Coordinator:
        return next(choice for choice in COORDINATORS if choice.english == text)


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    return Lexicon()


_SAMPLE = """
import json, sys
from attnlab.data.grammar.sampling import sample_pairs
print(json.dumps(list(sample_pairs(**json.loads(sys.argv[1])))))
"""


@pytest.fixture(scope="session")
def sample() -> Callable[..., list[Pair]]:
    """`sample_pairs` in a process of its own: there no type checker slows it down, and strings hash differently."""

    def run(**arguments: object) -> list[Pair]:
        command = [sys.executable, "-c", _SAMPLE, json.dumps(arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [Pair(*row) for row in json.loads(done.stdout)]

    return run


@pytest.fixture
def links() -> Callable[[str], set[tuple[int, int]]]:
    def read(alignment: str) -> set[tuple[int, int]]:
        pairs = (link.split("-") for link in alignment.split())
        return {(int(source), int(target)) for source, target in pairs}

    return read
