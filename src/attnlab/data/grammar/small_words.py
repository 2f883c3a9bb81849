"""The determiners, adverbs and conjunctions."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from attnlab.data.grammar.german import Ending
from attnlab.data.grammar.german_verbs import DUERFEN, KOENNEN, MUESSEN, SOLLEN, WOLLEN, GermanVerb


class Declension(Enum):
    """Which table a determiner follows."""

    ARTICLE = "der"
    DER_WORD = "dieser"
    EIN_WORD = "ein"
    NONE = "zwei"


@dataclass(frozen=True, slots=True)
class Determiner:
    """A determiner in both languages and the adjective endings that it asks for; an empty text is no determiner."""

    english: str
    english_plural: str
    stem: str
    declension: Declension
    ending: Ending
    singular: bool
    plural: bool
    definite: bool


def _der(english: str, plural: str, stem: str, *, singular: bool, definite: bool = True) -> Determiner:
    return Determiner(english, plural, stem, Declension.DER_WORD, Ending.WEAK, singular, bool(plural), definite)


def _possessive(english: str, stem: str) -> Determiner:
    return Determiner(english, english, stem, Declension.EIN_WORD, Ending.MIXED, True, True, True)


def _strong(english: str, stem: str, declension: Declension = Declension.NONE) -> Determiner:
    return Determiner(english, english, stem, declension, Ending.STRONG, False, True, False)


THE: Final = Determiner("the", "the", "", Declension.ARTICLE, Ending.WEAK, True, True, True)
A: Final = Determiner("a", "", "ein", Declension.EIN_WORD, Ending.MIXED, True, False, False)
NO: Final = Determiner("no", "no", "kein", Declension.EIN_WORD, Ending.MIXED, True, True, False)
BARE: Final = Determiner("", "", "", Declension.NONE, Ending.STRONG, True, True, False)
THIS: Final = _der("this", "these", "dies", singular=True)
EVERY: Final = _der("every", "", "jed", singular=True)
ALL: Final = _der("", "all", "all", singular=False)
SOME: Final = _strong("some", "einig", Declension.DER_WORD)
MANY: Final = _strong("many", "viel", Declension.DER_WORD)
POSSESSIVES: Final = (
    _possessive("my", "mein"),
    _possessive("his", "sein"),
    _possessive("her", "ihr"),
    _possessive("our", "unser"),
    _possessive("their", "ihr"),
)
NUMBERS: Final = (_strong("two", "zwei"), _strong("three", "drei"), _strong("four", "vier"), _strong("five", "fünf"))


@dataclass(frozen=True, slots=True)
class Adverbial:
    """An adverb or a fixed phrase, and the tenses that it goes with."""

    english: str
    german: str
    past: bool = True
    present: bool = True
    future: bool = True

    @property
    def size(self) -> int:
        """English words."""
        return self.english.count(" ") + 1


TIMES: Final = (
    Adverbial("today", "heute"),
    Adverbial("now", "jetzt", past=False, future=False),
    Adverbial("yesterday", "gestern", present=False, future=False),
    Adverbial("tomorrow", "morgen", past=False, present=False),
    Adverbial("soon", "bald", past=False, present=False),
    Adverbial("in the morning", "am Morgen"),
    Adverbial("in the evening", "am Abend"),
    Adverbial("on Monday", "am Montag"),
    Adverbial("on Sunday", "am Sonntag"),
    Adverbial("in summer", "im Sommer"),
    Adverbial("in winter", "im Winter"),
    Adverbial("every day", "jeden Tag", future=False),
    Adverbial("last week", "letzte Woche", present=False, future=False),
    Adverbial("next week", "nächste Woche", past=False, present=False),
)
FREQUENCIES: Final = (
    Adverbial("often", "oft"),
    Adverbial("always", "immer"),
    Adverbial("sometimes", "manchmal"),
    Adverbial("usually", "meistens"),
)
MANNERS: Final = (
    Adverbial("slowly", "langsam"),
    Adverbial("quickly", "schnell"),
    Adverbial("carefully", "vorsichtig"),
    Adverbial("happily", "fröhlich"),
)
VOICES: Final = (Adverbial("loudly", "laut"), Adverbial("quietly", "leise"))
INTENSIFIERS: Final = (Adverbial("very", "sehr"), Adverbial("quite", "ziemlich"), Adverbial("really", "wirklich"))
INTERROGATIVES: Final = (Adverbial("where", "wo"), Adverbial("when", "wann"), Adverbial("why", "warum"))


@dataclass(frozen=True, slots=True)
class Modal:
    """A modal verb in one tense; `infinitival` ones behave like full verbs ("wants to"), the others like "can"."""

    english: str
    third: str
    german: GermanVerb
    past: bool = False
    infinitival: bool = False
    negated: GermanVerb | None = None  # "must not" is "darf nicht"


MODALS: Final = (
    Modal("can", "can", KOENNEN),
    Modal("must", "must", MUESSEN, negated=DUERFEN),
    Modal("should", "should", SOLLEN),
    Modal("may", "may", DUERFEN),
    Modal("want", "wants", WOLLEN, infinitival=True),
    Modal("could", "could", KOENNEN, past=True),
    Modal("wanted", "wanted", WOLLEN, past=True, infinitival=True),
    Modal("had", "had", MUESSEN, past=True, infinitival=True),
)


@dataclass(frozen=True, slots=True)
class Subordinator:
    """A conjunction that sends the German verb to the end; it may depend on the tense of its clause."""

    english: str
    german: str
    german_past: str = ""
    present: bool = True
    past: bool = True


SUBORDINATORS: Final = (
    Subordinator("because", "weil"),
    Subordinator("although", "obwohl"),
    Subordinator("if", "wenn", past=False),
    Subordinator("when", "wenn", "als"),
    Subordinator("while", "während"),
    Subordinator("before", "bevor"),
    Subordinator("until", "bis"),
)
THAT: Final = Subordinator("that", "dass")
WHETHER: Final = Subordinator("whether", "ob")


@dataclass(frozen=True, slots=True)
class Coordinator:
    """What joins two main clauses after a comma; an `inverting` one takes the place before the German verb."""

    english: str
    german: str
    inverting: bool = False


COORDINATORS: Final = (
    Coordinator("and", "und"),
    Coordinator("but", "aber"),
    Coordinator("so", "deshalb", inverting=True),
    Coordinator("and then", "und dann", inverting=True),
)
