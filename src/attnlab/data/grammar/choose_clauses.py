"""Which clauses are said, at an exact number of English words."""

from dataclasses import dataclass, replace
from typing import Final

from attnlab.data.grammar import choose_phrases as phrases
from attnlab.data.grammar.adjectives import fitting
from attnlab.data.grammar.choose_phrases import Role, place_phrase
from attnlab.data.grammar.clauses import is_past
from attnlab.data.grammar.dice import Dice
from attnlab.data.grammar.nouns import NOUNS, Kind, Noun
from attnlab.data.grammar.places import DWELLINGS, ON_TOP, ONTO, WHERE, WHERE_TO, Place
from attnlab.data.grammar.small_words import (
    FREQUENCIES,
    INTENSIFIERS,
    MANNERS,
    MODALS,
    THAT,
    TIMES,
    VOICES,
    WHETHER,
    Adverbial,
    Modal,
)  # fmt: skip
from attnlab.data.grammar.trees import (
    Clause,
    Description,
    Gap,
    Nominal,
    NounPhrase,
    Person,
    Polarity,
    Pronoun,
    Relative,
    Subordinate,
    Tense,
)  # fmt: skip
from attnlab.data.grammar.verb_groups import verb_group
from attnlab.data.grammar.verbs import BY_OBJECT, BY_SUBJECT, VERBS, Frame, Verb

_TRIES: Final = 40
_FRAMES: Final = (
    (Frame.INTRANSITIVE,) * 3 + (Frame.MOTION,) * 3 + (Frame.POSITION,) * 2 + (Frame.TRANSITIVE,) * 12
    + (Frame.DITRANSITIVE,) * 3 + (Frame.PUT,) + (Frame.PREPOSITIONAL,) * 3 + (Frame.STATEMENT,) * 3
    + (Frame.QUESTION,) + (None,) * 4
)  # fmt: skip
_GAP_FRAMES: Final = (Frame.TRANSITIVE, Frame.DITRANSITIVE)


@dataclass(frozen=True, slots=True)
class Setting:
    """What surrounds a clause.

    Attributes:
        past: whether the sentence tells of the past.
        main: whether an adverbial may open the clause.
        plain: only simple tenses and no negation, as after "while" and "before".
        asks: the clause is a question.
        depth: how many clauses may still be nested in this one.
    """

    past: bool
    main: bool = True
    plain: bool = False
    asks: bool = False
    depth: int = 2


def clause(dice: Dice, size: int, setting: Setting) -> Clause | None:
    """A clause of exactly `size` English words; None if luck fails, as it must below 2."""
    for _ in range(_TRIES):
        found = _attempt(dice, size, setting, None, None)
        if found is not None:
            return found
    return None


def relative(dice: Dice, size: int, noun: Noun, setting: Setting) -> Relative | None:
    """A relative clause on `noun` of exactly `size` words, its pronoun counted."""
    inner = replace(setting, main=False, asks=False, plain=False, depth=setting.depth - 1)
    for _ in range(_TRIES):
        gap = Gap.OBJECT if size >= 3 and BY_OBJECT[noun.kind] and dice.chance(0.55) else Gap.SUBJECT
        found = _attempt(dice, size - 1, inner, gap, noun)
        if found is not None:
            word = "who" if gap is Gap.SUBJECT and noun.kind is Kind.PERSON and dice.chance(0.6) else "that"
            return Relative(word, gap, found)
    return None


def _attempt(dice: Dice, size: int, setting: Setting, gap: Gap | None, noun: Noun | None) -> Clause | None:
    verb = _verb(dice, gap, noun)
    if verb is not None and (setting.past and not verb.has_clear_past):
        return None
    subject_kind = noun.kind if gap is Gap.SUBJECT and noun is not None else _subject_kind(dice, verb)
    draft = _verbs(dice, verb, setting, size)
    group = verb_group(draft, Person.THIRD, asks=setting.asks)
    rest = size - len(group.operator) - len(group.rest)
    if rest < 0:
        return None
    draft, rest = _adverbs(dice, draft, setting, rest)
    return _Filling(dice, setting, gap, noun, subject_kind).fill(draft, rest)


def _verb(dice: Dice, gap: Gap | None, noun: Noun | None) -> Verb | None:
    if noun is not None and gap is Gap.OBJECT:
        verbs = [verb for verb in BY_OBJECT[noun.kind] if verb.frame in _GAP_FRAMES]
        return dice.pick(verbs)
    if noun is not None:
        verbs = list(BY_SUBJECT[noun.kind])
        return None if not verbs or dice.chance(0.2) else dice.pick(verbs)
    frame = dice.pick(_FRAMES)
    return None if frame is None else dice.pick(VERBS[frame])


def _subject_kind(dice: Dice, verb: Verb | None) -> Kind:
    if verb is None:
        return dice.pick((Kind.PERSON, Kind.PERSON, Kind.PERSON, Kind.ANIMAL, *tuple(NOUNS)))
    if Kind.PERSON in verb.subjects and dice.chance(0.6):
        return Kind.PERSON
    return dice.pick(verb.subjects)


def _verbs(dice: Dice, verb: Verb | None, setting: Setting, size: int) -> Clause:
    """Tense, modal and polarity."""
    draft = Clause(verb, None, Tense.PAST if setting.past else Tense.PRESENT)
    if size < 4:
        return draft
    modal: Modal | None = None
    if verb is None or not verb.stative:
        luck = dice.below(100)
        if luck < 18 and verb is not None:
            modal = dice.pick([choice for choice in MODALS if choice.past == setting.past])
        elif luck < 30 and not setting.plain and not setting.past:
            draft = replace(draft, tense=Tense.PERFECT)
        elif luck < 40 and not setting.plain and not setting.past:
            draft = replace(draft, tense=Tense.FUTURE)
    polarity = Polarity.POSITIVE
    if not setting.plain and not setting.asks:
        luck = dice.below(100)
        polarity = Polarity.NOT if luck < 15 else Polarity.NEVER if luck < 20 else polarity
    return replace(draft, modal=modal, polarity=polarity)


def _adverbs(dice: Dice, draft: Clause, setting: Setting, rest: int) -> tuple[Clause, int]:
    """Adverbs of time, frequency and manner, as far as `rest` words allow; returns what is left."""
    verb = draft.verb
    room = rest - 4
    if room >= 1 and draft.polarity is Polarity.POSITIVE and dice.chance(0.12):
        draft = replace(draft, frequency=dice.pick(FREQUENCIES))
        room -= 1
    elif room >= 1 and dice.chance(0.35) and draft.polarity is not Polarity.NEVER:
        time = dice.pick(TIMES)
        if time.size <= room and _goes_with(time, draft):
            draft = replace(draft, time=time, time_first=setting.main and dice.chance(0.5))
            room -= time.size
    if room >= 1 and verb is not None and (verb.manner or verb.voice) and dice.chance(0.3):
        choices = (*MANNERS[:3], *VOICES) if verb.voice and verb.manner else VOICES if verb.voice else MANNERS[:3]
        draft = replace(draft, manner=dice.pick(choices))
        room -= 1
    return draft, room + 4


def _goes_with(time: Adverbial, draft: Clause) -> bool:
    if draft.tense is Tense.PERFECT:
        return time.english == "today"
    if draft.tense is Tense.FUTURE:
        return time.future
    if is_past(draft):
        return time.past
    if draft.modal is not None:
        return (time.present and time.future) or time.english == "tomorrow"
    return time.present


@dataclass(frozen=True, slots=True)
class _Filling:
    """Fills the noun phrases, the place and the nested clauses of a draft."""

    dice: Dice
    setting: Setting
    gap: Gap | None
    noun: Noun | None
    subject_kind: Kind

    def fill(self, draft: Clause, rest: int) -> Clause | None:
        """The draft with exactly `rest` more English words."""
        dice, verb = self.dice, draft.verb
        ranges: dict[str, tuple[int, int]] = {}
        if self.gap is not Gap.SUBJECT:
            ranges["subject"] = self._range(self.subject_kind)
        object_kind = self._object_kind(verb)
        if object_kind is not None:
            ranges["object"] = self._range(object_kind)
        places = self._places(draft, object_kind)
        if verb is None:
            if self.subject_kind is Kind.PERSON or places == () or dice.chance(0.75):
                ranges["predicate"] = (1, 2)
                places = ()
        elif verb.frame is Frame.DITRANSITIVE:
            ranges["recipient"] = (1, 3)
        elif verb.frame in (Frame.STATEMENT, Frame.QUESTION):
            ranges["complement"] = (3, 14)
        if places:
            ranges["place"] = (3, 5)
        elif verb is not None and verb.frame in (Frame.POSITION, Frame.PUT):
            return None
        nests = self._nests(verb, object_kind, places)
        if nests is not None:
            ranges["relative"] = (2, 10)
        sizes = dice.spread(rest, tuple(ranges.values()))
        if sizes is None:
            return None
        return self._build(draft, dict(zip(ranges, sizes, strict=True)), object_kind, places, nests)

    def _range(self, kind: Kind) -> tuple[int, int]:
        if kind is Kind.PERSON:
            return (1, 5) if self.dice.chance(0.25) else (2, 5)
        return (2, 5)

    def _object_kind(self, verb: Verb | None) -> Kind | None:
        if verb is None or not verb.objects or self.gap is Gap.OBJECT:
            return None
        return self.dice.pick(verb.objects)

    def _places(self, draft: Clause, object_kind: Kind | None) -> tuple[Place, ...]:
        """The places that may fill the clause, none if it says no place."""
        verb, dice = draft.verb, self.dice
        if verb is None:
            return WHERE if self.subject_kind in (Kind.PERSON, Kind.ANIMAL) else ()
        if verb.frame is Frame.MOTION:
            return WHERE_TO if dice.chance(0.8) else ()
        if verb.frame is Frame.PUT:
            return ONTO
        if verb.frame is Frame.POSITION:
            if verb.english == "live":
                return DWELLINGS
            things = self.subject_kind not in (Kind.PERSON, Kind.ANIMAL, Kind.VEHICLE)
            return ON_TOP if things else WHERE
        denied_object = draft.polarity is not Polarity.POSITIVE and verb.objects
        if verb.placed and not denied_object and object_kind is not Kind.ROOM and dice.chance(0.35):
            return WHERE
        return ()

    def _nests(self, verb: Verb | None, object_kind: Kind | None, places: tuple[Place, ...]) -> str | None:
        """Which noun phrase bears a relative clause."""
        if self.setting.depth <= 0 or not self.dice.chance(0.35):
            return None
        object_is_last = object_kind is not None and not places and verb is not None
        if object_is_last and self.dice.chance(0.7):
            return "object"
        return "subject" if self.gap is not Gap.SUBJECT and not self.setting.asks else None

    def _build(
        self,
        draft: Clause,
        sizes: dict[str, int],
        object_kind: Kind | None,
        places: tuple[Place, ...],
        nests: str | None,
    ) -> Clause | None:
        dice, verb = self.dice, draft.verb
        negative = draft.polarity is not Polarity.POSITIVE
        subject = recipient = thing = place = predicate = complement = None
        if "subject" in sizes:
            role = Role.DENIED_SUBJECT if negative or self.setting.asks else Role.SUBJECT
            subject = self._nominal(
                self.subject_kind, role, sizes["subject"], sizes["relative"] if nests == "subject" else 0
            )
            if subject is None:
                return None
        if "recipient" in sizes:
            recipient = self._nominal(Kind.PERSON, Role.KNOWN, sizes["recipient"], 0)
            if recipient is None:
                return None
        if object_kind is not None and verb is not None:
            if draft.time is not None and not draft.time_first and nests == "object":
                return None
            if draft.manner is not None and nests == "object":
                return None
            role = Role.KNOWN if verb.preposition else Role.DENIED if negative or self.setting.asks else Role.OBJECT
            thing = self._nominal(object_kind, role, sizes["object"], sizes["relative"] if nests == "object" else 0)
            if thing is None or _clash(subject, thing) or (recipient is not None and _clash(subject, recipient)):
                return None
        if "place" in sizes:
            place = place_phrase(dice, places, sizes["place"])
            if place is None:
                return None
        if "predicate" in sizes:
            predicate = self._predicate(subject, sizes["predicate"])
        if "complement" in sizes and verb is not None:
            complement = self._complement(verb, sizes["complement"])
            if complement is None:
                return None
        last = recipient is not None and False
        front = place is not None and self.setting.main and draft.time is None and not self.setting.asks
        return replace(
            draft, subject=subject, recipient=recipient, object=thing, place=place, predicate=predicate,
            complement=complement, recipient_last=last,
            place_first=front and verb is not None and verb.frame in (Frame.TRANSITIVE, Frame.INTRANSITIVE, Frame.POSITION)
            and dice.chance(0.3),
        )  # fmt: skip

    def _nominal(self, kind: Kind, role: Role, size: int, relative_size: int) -> Nominal | None:
        made = phrases.nominal(self.dice, kind, role, size, couples=relative_size == 0)
        if relative_size == 0 or made is None:
            return made
        if not isinstance(made, NounPhrase) or not made.determiner.english + made.determiner.english_plural:
            return None
        attached = relative(self.dice, relative_size, made.noun, self.setting)
        return None if attached is None else replace(made, relative=attached)

    def _predicate(self, subject: Nominal | None, size: int) -> Description:
        noun = subject.noun if isinstance(subject, NounPhrase) else self.noun
        if noun is None or (self.gap is None and not isinstance(subject, NounPhrase)):
            noun = NOUNS[self.subject_kind][0]
        adjective = self.dice.pick(fitting(noun))
        return Description(adjective, self.dice.pick(INTENSIFIERS) if size == 2 else None)

    def _complement(self, verb: Verb, size: int) -> Subordinate | None:
        if self.setting.depth <= 0:
            return None
        inner = replace(self.setting, main=False, asks=False, plain=False, depth=self.setting.depth - 1)
        body = clause(self.dice, size - 1, inner)
        if body is None:
            return None
        return Subordinate(WHETHER if verb.frame is Frame.QUESTION else THAT, body)


def _clash(subject: Nominal | None, other: Nominal) -> bool:
    """ "I see us" and "we see me" would ask for a reflexive."""
    first = {"I", "we"}
    if not isinstance(subject, Pronoun) or not isinstance(other, Pronoun):
        return False
    return subject.name == other.name or {subject.name, other.name} <= first
