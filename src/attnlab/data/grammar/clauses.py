"""How the parts of one clause are ordered in both languages."""

from dataclasses import dataclass, field
from enum import Enum

from attnlab.data.grammar import german as de
from attnlab.data.grammar.german import Case
from attnlab.data.grammar.noun_phrases import describe, is_definite, spell, spell_place, takes_kein
from attnlab.data.grammar.trees import (
    Clause,
    Couple,
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
from attnlab.data.grammar.verb_groups import VerbGroup, verb_group
from attnlab.data.grammar.words import English, German, Parallel, english, together


class Order(Enum):
    """Where the German finite verb stands."""

    SECOND = "second"
    FIRST = "first"  # questions, and main clauses behind a subordinate clause
    FINAL = "final"


@dataclass(slots=True)
class _Field:
    """The German words between subject and closing verbs, by place; the attributes stand in their order."""

    pronouns: list[German] = field(default_factory=list)
    time: list[German] = field(default_factory=list)
    definite: list[German] = field(default_factory=list)
    negation: list[German] = field(default_factory=list)
    manner: list[German] = field(default_factory=list)
    indefinite: list[German] = field(default_factory=list)
    after: list[German] = field(default_factory=list)  # prepositional object, place, predicate

    def words(self) -> list[German]:
        return [
            *self.pronouns, *self.time, *self.definite, *self.negation, *self.manner, *self.indefinite, *self.after,
        ]  # fmt: skip


@dataclass(slots=True)
class _Parts:
    """What a clause is put together from."""

    verbs: VerbGroup
    english_subject: list[English]
    german_subject: list[German]
    english_first: list[English] = field(default_factory=list)
    german_first: list[German] = field(default_factory=list)
    english_tail: list[English] = field(default_factory=list)
    middle: _Field = field(default_factory=_Field)
    extraposed: list[German] = field(default_factory=list)


def spell_clause(clause: Clause, order: Order, *, asks: bool = False) -> Parallel:
    """A clause with its own subject; `asks` gives English question order."""
    subject = clause.subject
    assert subject is not None, "only relative clauses lack a subject"
    parts = _parts(clause, subject.person, asks=asks)
    _add_subject(parts, subject, order)
    return _arrange(parts, order, asks=asks)


def spell_subordinate(subordinate: Subordinate) -> Parallel:
    """Conjunction and verb-final clause, without commas: "als" is the German "when" of the past."""
    conjunction = subordinate.subordinator
    clause = subordinate.clause
    german = conjunction.german_past if is_past(clause) and conjunction.german_past else conjunction.german
    link = together(conjunction.english, german)
    body = spell_clause(clause, Order.FINAL)
    return Parallel(link.english + body.english, link.german + body.german)


def is_past(clause: Clause) -> bool:
    """Whether the finite verb is in the past."""
    return clause.tense is Tense.PAST if clause.modal is None else clause.modal.past


def spell_relative(relative: Relative, antecedent: NounPhrase) -> Parallel:
    """A relative clause between commas, its pronoun in the gender of the antecedent and the case of the gap."""
    pronoun = English(relative.word)
    clause = relative.clause
    if relative.gap is Gap.SUBJECT:
        case, subject = Case.NOMINATIVE, None
        parts = _parts(clause, antecedent.person)
    else:
        case, subject = (Case.ACCUSATIVE if clause.verb is None else clause.verb.case), clause.subject
        parts = _parts(clause, Person.THIRD if subject is None else subject.person)
    if subject is not None:
        _add_subject(parts, subject, Order.FINAL)
    body = _arrange(parts, Order.FINAL)
    opener = German(de.relative(case, antecedent.gender), (pronoun,))
    return Parallel([pronoun, *body.english], [German(","), opener, *body.german, German(",")])


def _add_subject(parts: _Parts, subject: Nominal, order: Order) -> None:
    """The subject with its relative clause, which must not part it from a closing verb that would stand alone behind.

    "dann wacht die Frau auf, die den Hund mag", not "dann wacht die Frau, die den Hund mag, auf".
    """
    words = spell(subject, Case.NOMINATIVE)
    parts.english_subject, parts.german_subject = words.english, words.german
    if isinstance(subject, NounPhrase) and subject.relative is not None:
        relative = spell_relative(subject.relative, subject)
        parts.english_subject = words.english + relative.english
        inverted = order is Order.FIRST or (order is Order.SECOND and parts.german_first)
        if inverted and parts.verbs.bracket and not parts.middle.words():
            parts.extraposed = relative.german + parts.extraposed
        else:
            parts.german_subject = words.german + relative.german


def _parts(clause: Clause, person: Person, *, asks: bool = False) -> _Parts:
    parts = _Parts(verb_group(clause, person, asks=asks), [], [])
    parts.middle.negation = [*parts.verbs.negation, *parts.verbs.adverb]
    _add_objects(parts, clause)
    if clause.predicate is not None:
        predicate = describe(clause.predicate)
        parts.english_tail += predicate.english
        parts.middle.after += predicate.german
    if clause.manner is not None:
        manner = together(clause.manner.english, clause.manner.german)
        parts.english_tail += manner.english
        parts.middle.manner = manner.german
    if clause.place is not None:
        place = spell_place(clause.place)
        _put(parts, place, first=clause.place_first, field=parts.middle.after)
    if clause.time is not None:
        time = together(clause.time.english, clause.time.german)
        _put(parts, time, first=clause.time_first, field=parts.middle.time)
    if clause.complement is not None:
        complement = spell_subordinate(clause.complement)
        parts.english_tail += complement.english
        parts.extraposed += [German(","), *complement.german, German(",")]
    return parts


def _put(parts: _Parts, words: Parallel, *, first: bool, field: list[German]) -> None:
    if first:
        parts.english_first += words.english
        parts.german_first += words.german
    else:
        parts.english_tail += words.english
        field += words.german


def _add_objects(parts: _Parts, clause: Clause) -> None:
    """Recipient and object; "not ... a" becomes "kein", and relative clauses go behind the German closing verbs."""
    verb = clause.verb
    recipient = None if clause.recipient is None else spell(clause.recipient, Case.DATIVE)
    if clause.recipient is not None and recipient is not None:
        _slot(parts, clause.recipient).extend(recipient.german)
        if not clause.recipient_last:
            parts.english_tail += recipient.english
    if verb is not None and clause.object is not None:
        denies = clause.polarity is Polarity.NOT and takes_kein(clause.object) and not verb.preposition
        words = spell(clause.object, verb.case, parts.verbs.negators if denies else ())
        if denies:
            parts.middle.negation = list(parts.verbs.adverb)
        if verb.preposition:
            parts.middle.after += [German(verb.preposition, tuple(parts.verbs.particle)), *words.german]
        else:
            _slot(parts, clause.object).extend(words.german)
        parts.english_tail += words.english
    if recipient is not None and clause.recipient_last:
        parts.english_tail += _with_to(recipient)
    for nominal in (clause.object, clause.recipient):
        if isinstance(nominal, NounPhrase) and nominal.relative is not None:
            relative = spell_relative(nominal.relative, nominal)
            parts.english_tail += relative.english
            parts.extraposed += relative.german


def _with_to(recipient: Parallel) -> list[English]:
    """Puts "to" before the recipient: German has only the dative, so that "to" belongs to its first word."""
    to = english("to")
    recipient.german[0].sources = (*to, *recipient.german[0].sources)
    return to + recipient.english


def _slot(parts: _Parts, nominal: Nominal) -> list[German]:
    if isinstance(nominal, Pronoun):
        return parts.middle.pronouns
    if isinstance(nominal, Couple) or is_definite(nominal):
        return parts.middle.definite
    return parts.middle.indefinite


def _arrange(parts: _Parts, order: Order, *, asks: bool = False) -> Parallel:
    verbs = parts.verbs
    if asks:
        sources = [*verbs.operator, *parts.english_subject, *verbs.rest, *parts.english_tail]
    else:
        sources = [
            *parts.english_first, *parts.english_subject, *verbs.operator, *verbs.rest, *parts.english_tail,
        ]  # fmt: skip
    middle = parts.middle.words()
    if order is Order.FINAL:
        targets = [*parts.german_subject, *parts.german_first, *middle, *verbs.final]
    elif order is Order.SECOND and not parts.german_first:
        targets = [*parts.german_subject, verbs.finite, *middle, *verbs.bracket]
    else:
        targets = [*parts.german_first, verbs.finite, *parts.german_subject, *middle, *verbs.bracket]
    return Parallel(sources, [*targets, *parts.extraposed])
