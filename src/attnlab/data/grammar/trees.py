"""What a sentence says, before either language orders its words."""

from dataclasses import dataclass
from enum import Enum

from attnlab.data.grammar.adjectives import Adjective
from attnlab.data.grammar.german import Gender
from attnlab.data.grammar.nouns import Noun
from attnlab.data.grammar.places import Place
from attnlab.data.grammar.small_words import Adverbial, Coordinator, Determiner, Modal, Subordinator
from attnlab.data.grammar.verbs import Verb


class Person(Enum):
    """What a finite verb agrees with."""

    FIRST = "first"
    THIRD = "third"
    PLURAL = "plural"


class Tense(Enum):
    """Tense of a clause; the German one is Präsens, Präteritum, Perfekt or Futur."""

    PRESENT = "present"
    PAST = "past"
    PERFECT = "perfect"
    FUTURE = "future"


class Polarity(Enum):
    """Whether a clause is denied, and with which word."""

    POSITIVE = ""
    NOT = "not"
    NEVER = "never"


class Gap(Enum):
    """Which part of a relative clause its pronoun stands for."""

    SUBJECT = "subject"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class Description:
    """An adjective and perhaps "very" before it."""

    adjective: Adjective
    intensifier: Adverbial | None = None


@dataclass(frozen=True, slots=True)
class Pronoun:
    """A personal pronoun, named by its English subject form: I, he, she, we, they."""

    name: str

    @property
    def person(self) -> Person:
        """What a verb agrees with."""
        return {"I": Person.FIRST, "we": Person.PLURAL, "they": Person.PLURAL}.get(self.name, Person.THIRD)


@dataclass(frozen=True, slots=True)
class NounPhrase:
    """A noun with what describes it."""

    determiner: Determiner
    noun: Noun
    plural: bool = False
    descriptions: tuple[Description, ...] = ()
    relative: "Relative | None" = None

    @property
    def gender(self) -> Gender:
        """The row of the German declension tables."""
        return Gender.PLURAL if self.plural else self.noun.gender

    @property
    def person(self) -> Person:
        """What a verb agrees with."""
        return Person.PLURAL if self.plural else Person.THIRD


@dataclass(frozen=True, slots=True)
class Couple:
    """Two noun phrases joined by "and"."""

    first: NounPhrase
    second: NounPhrase

    @property
    def person(self) -> Person:
        """Two are plural."""
        return Person.PLURAL


Nominal = Pronoun | NounPhrase | Couple


@dataclass(frozen=True, slots=True)
class PlacePhrase:
    """Where something happens or where it goes: "in the old garden"."""

    place: Place
    phrase: NounPhrase


@dataclass(frozen=True, slots=True)
class Clause:
    """One finite verb with its company. A gap in a relative clause is a missing subject or object.

    Without a verb it is "to be" with a predicate or a place.
    """

    verb: Verb | None
    subject: Nominal | None
    tense: Tense = Tense.PRESENT
    polarity: Polarity = Polarity.POSITIVE
    modal: Modal | None = None
    recipient: Nominal | None = None
    recipient_last: bool = False  # "gives the book to the woman"
    object: Nominal | None = None
    place: PlacePhrase | None = None
    time: Adverbial | None = None
    frequency: Adverbial | None = None
    manner: Adverbial | None = None
    predicate: Description | None = None
    complement: "Subordinate | None" = None
    time_first: bool = False
    place_first: bool = False


@dataclass(frozen=True, slots=True)
class Relative:
    """A relative clause; `word` is its English pronoun."""

    word: str
    gap: Gap
    clause: Clause


@dataclass(frozen=True, slots=True)
class Subordinate:
    """A clause behind a conjunction."""

    subordinator: Subordinator
    clause: Clause


@dataclass(frozen=True, slots=True)
class Statement:
    """A main clause with a subordinate clause before or after it."""

    main: Clause
    lead: Subordinate | None = None
    trail: Subordinate | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """Statements joined by coordinators, the first of which is not used."""

    first: Statement
    rest: tuple[tuple[Coordinator, Statement], ...] = ()
    mark: str = "."


@dataclass(frozen=True, slots=True)
class Question:
    """A question that the finite verb opens, or an interrogative before it."""

    clause: Clause
    interrogative: Adverbial | None = None
    mark: str = "?"
