"""What fills a clause, so that it has an exact number of English words."""

from collections.abc import Container
from dataclasses import dataclass, replace
from typing import Final

from attnlab.data.grammar.adjectives import STATE, fitting
from attnlab.data.grammar.choose_phrases import Role, nominal, place_phrase
from attnlab.data.grammar.choose_verbs import Setting, add_adverbs, choose_forms, choose_verb, has_object_gap
from attnlab.data.grammar.dead_end import DeadEnd
from attnlab.data.grammar.dice import Dice
from attnlab.data.grammar.nouns import NOUNS, Kind, Noun
from attnlab.data.grammar.places import DWELLINGS, FAR, ON_TOP, ONTO, WHERE, WHERE_TO, Place
from attnlab.data.grammar.small_words import BARE, INTENSIFIERS, THAT, WHETHER
from attnlab.data.grammar.trees import (
    Clause,
    Description,
    Gap,
    Nominal,
    NounPhrase,
    PlacePhrase,
    Polarity,
    Pronoun,
    Relative,
    Subordinate,
)
from attnlab.data.grammar.verb_groups import verb_group_size
from attnlab.data.grammar.verbs import Frame, Verb

_TRIES: Final = 40
_ANIMATE: Final = (Kind.PERSON, Kind.ANIMAL)
_BEINGS: Final = (Kind.PERSON, Kind.PERSON, Kind.PERSON, Kind.ANIMAL, *NOUNS)
_FRONTED: Final = (Frame.TRANSITIVE, Frame.INTRANSITIVE, Frame.POSITION)


def clause(dice: Dice, size: int, setting: Setting) -> Clause:
    """A clause of exactly `size` English words.

    Raises:
        DeadEnd: when luck fails, as it must below two words.
    """
    return _retry(dice, size, setting, None, None)


def relative(dice: Dice, size: int, noun: Noun, setting: Setting) -> Relative:
    """A relative clause on `noun` of exactly `size` words, its pronoun counted."""
    gap = Gap.OBJECT if size >= 3 and has_object_gap(noun) and dice.chance(0.55) else Gap.SUBJECT
    found = _retry(dice, size - 1, setting.nested(), gap, noun)
    word = "who" if gap is Gap.SUBJECT and noun.kind is Kind.PERSON and dice.chance(0.6) else "that"
    return Relative(word, gap, found)


def _retry(dice: Dice, size: int, setting: Setting, gap: Gap | None, noun: Noun | None) -> Clause:
    for _ in range(_TRIES):
        try:
            return _attempt(dice, size, setting, gap, noun)
        except DeadEnd:
            continue
    raise DeadEnd


def _attempt(dice: Dice, size: int, setting: Setting, gap: Gap | None, noun: Noun | None) -> Clause:
    verb = choose_verb(dice, gap, noun, past=setting.past)
    subject_kind = noun.kind if gap is Gap.SUBJECT and noun is not None else _subject_kind(dice, verb)
    draft = choose_forms(dice, verb, setting, size)
    room = size - verb_group_size(draft, asks=setting.asks)
    if room < 0:
        raise DeadEnd
    draft, room = add_adverbs(dice, draft, setting, room)
    return _Filling(dice, setting, draft, gap, noun, subject_kind).fill(room)


def _subject_kind(dice: Dice, verb: Verb | None) -> Kind:
    if verb is None:
        return dice.pick(_BEINGS)
    if Kind.PERSON in verb.subjects and dice.chance(0.6):
        return Kind.PERSON
    return dice.pick(verb.subjects)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Kind of object, places to choose from, bearer of a relative clause, and the words of each part."""

    object_kind: Kind | None
    places: tuple[Place, ...]
    bearer: str
    sizes: dict[str, int]

    def relative_on(self, part: str) -> int:
        """Words of the relative clause that `part` bears."""
        return self.sizes["relative"] if self.bearer == part else 0


@dataclass(frozen=True, slots=True)
class _Filling:
    """Noun phrases, place and nested clauses of a draft that has only its verbs and adverbs."""

    dice: Dice
    setting: Setting
    draft: Clause
    gap: Gap | None
    noun: Noun | None
    subject_kind: Kind

    def fill(self, room: int) -> Clause:
        """The draft with exactly `room` more English words."""
        plan = self._plan(room)
        subject = None if "subject" not in plan.sizes else self._subject(plan)
        recipient = None
        if "recipient" in plan.sizes:
            recipient = nominal(self.dice, Kind.PERSON, Role.KNOWN, plan.sizes["recipient"])
        thing = None if plan.object_kind is None else self._object(plan, plan.object_kind)
        _refuse_reflexive(subject, thing, recipient)
        place = None if "place" not in plan.sizes else place_phrase(self.dice, plan.places, plan.sizes["place"])
        return replace(
            self.draft,
            subject=subject,
            recipient=recipient,
            recipient_last="to" in plan.sizes,
            object=thing,
            place=place,
            place_first=self._place_first(place),
            predicate=self._predicate(subject, plan.sizes["predicate"]) if "predicate" in plan.sizes else None,
            complement=self._complement(plan.sizes["complement"]) if "complement" in plan.sizes else None,
        )

    def _plan(self, room: int) -> _Plan:
        dice, verb = self.dice, self.draft.verb
        ranges: dict[str, tuple[int, int]] = {}
        if self.gap is not Gap.SUBJECT:
            ranges["subject"] = self._range(self.subject_kind)
        object_kind = None
        if verb is not None and verb.objects and self.gap is not Gap.OBJECT:
            object_kind = dice.pick(verb.objects)
            ranges["object"] = self._range(object_kind)
        places = self._places(object_kind)
        if places:
            ranges["place"] = (3, 5)
        if verb is None and not places:
            ranges["predicate"] = (1, 2)
        elif verb is not None and verb.frame is Frame.DITRANSITIVE:
            ranges["recipient"] = (1, 3)
            if dice.chance(0.4):
                ranges["to"] = (1, 1)
        elif verb is not None and verb.frame in (Frame.STATEMENT, Frame.QUESTION):
            ranges["complement"] = (3, 14)
        bearer = self._bearer(object_kind, places, ranges)
        if bearer:
            ranges["relative"] = (2, 9)
        sizes = dice.spread(room, tuple(ranges.values()))
        if sizes is None:
            raise DeadEnd
        return _Plan(object_kind, places, bearer, dict(zip(ranges, sizes, strict=True)))

    def _range(self, kind: Kind) -> tuple[int, int]:
        """Words of a nominal; most are two or three words long."""
        luck = self.dice.below(100) if kind is Kind.PERSON else 100
        if luck < 12:
            return (1, 1)
        least = 1 if luck < 25 else 2
        most = 7 if kind in _ANIMATE and self.dice.chance(0.12) else 4 if self.dice.chance(0.4) else 3
        return (least, most)

    def _places(self, object_kind: Kind | None) -> tuple[Place, ...]:
        """The places that may fill the clause, none if it says no place."""
        verb, dice = self.draft.verb, self.dice
        if verb is None:
            choices = WHERE if self.subject_kind in _ANIMATE and dice.chance(0.25) else ()
        elif verb.frame is Frame.MOTION:
            choices = () if dice.chance(0.2) else FAR if verb.far else WHERE_TO
        elif verb.frame is Frame.PUT:
            choices = ONTO
        elif verb.frame is Frame.POSITION:
            things = self.subject_kind not in (*_ANIMATE, Kind.VEHICLE)
            choices = DWELLINGS if verb.english == "live" else ON_TOP if things else WHERE
        else:
            # "does not see the dog in the garden" would leave open what is denied.
            denied = self.draft.polarity is not Polarity.POSITIVE and bool(verb.objects)
            says_where = verb.placed and not denied and object_kind is not Kind.ROOM and dice.chance(0.35)
            choices = WHERE if says_where else ()
        return choices

    def _bearer(self, object_kind: Kind | None, places: tuple[Place, ...], parts: Container[str]) -> str:
        """Which noun phrase bears a relative clause; behind that of an object nothing may follow in its own clause."""
        draft = self.draft
        if self.setting.depth <= 0 or not self.dice.chance(0.35):
            return ""
        late = places or "to" in parts or draft.manner is not None or (draft.time is not None and not draft.time_first)
        if object_kind is not None and not late and self.dice.chance(0.7):
            return "object"
        return "subject" if self.gap is not Gap.SUBJECT and not self.setting.asks else ""

    def _subject(self, plan: _Plan) -> Nominal:
        plain = self.setting.asks or not self.setting.negation or self.draft.polarity is not Polarity.POSITIVE
        role = Role.PLAIN_SUBJECT if plain else Role.SUBJECT
        if self.draft.verb is None:
            role = Role.NAMED
        return self._nominal(self.subject_kind, role, plan.sizes["subject"], plan.relative_on("subject"))

    def _object(self, plan: _Plan, kind: Kind) -> Nominal:
        plain = self.setting.asks or not self.setting.negation or self.draft.polarity is not Polarity.POSITIVE
        role = Role.PLAIN_OBJECT if plain else Role.OBJECT
        if self.draft.verb is not None and self.draft.verb.preposition:
            role = Role.KNOWN
        return self._nominal(kind, role, plan.sizes["object"], plan.relative_on("object"))

    def _nominal(self, kind: Kind, role: Role, size: int, relative_size: int) -> Nominal:
        made = nominal(self.dice, kind, role, size, alone=relative_size > 0)
        if relative_size == 0:
            return made
        if not isinstance(made, NounPhrase) or made.determiner is BARE:
            raise DeadEnd
        attached = relative(self.dice, relative_size, made.noun, self.setting)
        described = attached.clause.predicate
        if described is not None and described.adjective.rank in {said.adjective.rank for said in made.descriptions}:
            raise DeadEnd  # "the clean cup that is dirty"
        return replace(made, relative=attached)

    def _place_first(self, place: PlacePhrase | None) -> bool:
        draft = self.draft
        if place is None or draft.verb is None or draft.verb.frame not in _FRONTED or draft.time is not None:
            return False
        return self.setting.main and self.dice.chance(0.3)

    def _predicate(self, subject: Nominal | None, size: int) -> Description:
        """An adjective for the subject, or for the noun that a relative clause describes.

        It is of another rank than those before the noun ("the clean cup is dirty"), and a passing state, if the clause
        says when or how often.
        """
        noun, said = self.noun, frozenset[int]()
        if isinstance(subject, NounPhrase):
            noun = subject.noun
            said = frozenset(description.adjective.rank for description in subject.descriptions)
        passing = self.draft.time is not None or self.draft.frequency is not None
        choices = [
            adjective
            for adjective in fitting(noun or NOUNS[self.subject_kind][0])
            if adjective.rank not in said and (adjective.rank == STATE or not passing)
        ]
        if not choices:
            raise DeadEnd
        degrees = INTENSIFIERS if self.draft.polarity is Polarity.POSITIVE else INTENSIFIERS[:1]  # "not quite" is odd
        return Description(self.dice.pick(choices), self.dice.pick(degrees) if size == 2 else None)

    def _complement(self, size: int) -> Subordinate:
        if self.setting.depth <= 0 or self.draft.verb is None:
            raise DeadEnd
        body = clause(self.dice, size - 1, self.setting.nested())
        return Subordinate(WHETHER if self.draft.verb.frame is Frame.QUESTION else THAT, body)


def _refuse_reflexive(subject: Nominal | None, thing: Nominal | None, recipient: Nominal | None) -> None:
    """Raises DeadEnd for "I see us" and "he helps him", and for "her flowers" where "her" is the recipient."""
    if isinstance(recipient, Pronoun) and isinstance(thing, NounPhrase) and thing.determiner is BARE:
        raise DeadEnd
    if not isinstance(subject, Pronoun):
        return
    for other in (thing, recipient):
        if isinstance(other, Pronoun) and (other == subject or {other.name, subject.name} == {"I", "we"}):
            raise DeadEnd
