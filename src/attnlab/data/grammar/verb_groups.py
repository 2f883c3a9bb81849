"""How tense, modality and negation are said by the verbs of both languages."""

from dataclasses import dataclass, field
from typing import Final

from attnlab.data.grammar.german_verbs import AUXILIARIES, SEIN, WERDEN, GermanVerb
from attnlab.data.grammar.small_words import Modal
from attnlab.data.grammar.trees import Clause, Person, Polarity, Tense
from attnlab.data.grammar.words import English, German, together

_BE: Final = {
    (False, Person.FIRST): "am",
    (False, Person.THIRD): "is",
    (False, Person.PLURAL): "are",
    (True, Person.FIRST): "was",
    (True, Person.THIRD): "was",
    (True, Person.PLURAL): "were",
}
_PLAIN: Final = {"wanted": "want", "had": "have"}


@dataclass(slots=True)
class VerbGroup:
    """The verbs of a clause.

    Attributes:
        operator: the English word that a question puts before its subject, if there is one.
        rest: the English words behind the operator (and behind the subject in a question).
        particle: the English particle among `rest`: looks *for*.
        finite: the German finite verb without its prefix.
        bracket: what closes a German main clause: prefix, infinitive or participle.
        final: all German verbs as they stand at the end of a subordinate clause.
        negation: "nicht", "nie" or nothing.
        negators: the English words of "not", for a "kein" that takes the place of "nicht".
        adverb: the German adverb of frequency.
    """

    operator: list[English] = field(default_factory=list)
    rest: list[English] = field(default_factory=list)
    particle: list[English] = field(default_factory=list)
    finite: German = field(default_factory=lambda: German(""))
    bracket: list[German] = field(default_factory=list)
    final: list[German] = field(default_factory=list)
    negation: list[German] = field(default_factory=list)
    negators: tuple[English, ...] = ()
    adverb: list[German] = field(default_factory=list)


@dataclass(slots=True)
class _Heads:
    """The verbs without negation and adverbs: German finite verb, English words of it, and the verb that it governs."""

    german: GermanVerb
    past: bool
    operator: English | None
    finite: list[English]
    governed: str = ""
    main: list[English] = field(default_factory=list)

    def governing(self, german: str, english: str) -> "_Heads":
        """The same heads with the infinitive or participle that depends on them."""
        self.governed, self.main = german, [English(english)]
        return self


def verb_group(clause: Clause, person: Person, *, asks: bool = False) -> VerbGroup:
    """The verbs of `clause` for a subject of `person`; `asks` inserts "do" where a question needs it."""
    negated = clause.polarity is Polarity.NOT
    heads = _heads(clause, person, needs_do=negated or asks)
    group = VerbGroup(particle=_particle(clause))
    # "do" carries the negation where there is one, else it belongs to the verb.
    is_do = heads.operator is not None and heads.operator.text in {"do", "does", "did"}
    owners = list(heads.finite)
    if heads.operator is not None:
        group.operator = [heads.operator]
        if not (is_do and negated):
            owners.insert(0, heads.operator)
    if negated:
        _deny(group, heads.operator, is_do=is_do)
    elif clause.polarity is Polarity.NEVER:
        never = together("never", "nie")
        group.rest += never.english
        group.negation = never.german
    if clause.frequency is not None:
        often = together(clause.frequency.english, clause.frequency.german)
        group.rest += often.english
        group.adverb = often.german
    group.rest += [*heads.finite, *heads.main, *group.particle]
    _set_german(group, clause, heads, owners, person)
    return group


def verb_group_size(clause: Clause, *, asks: bool = False) -> int:
    """English words of `verb_group`, which are as many for every person, without spelling them."""
    verb, modal, denied = clause.verb, clause.modal, clause.polarity is Polarity.NOT
    helps = clause.tense in (Tense.FUTURE, Tense.PERFECT) or (verb is not None and (denied or asks))
    size = 2 if modal is not None or helps else 1
    if modal is not None and modal.infinitival:
        size = 4 if denied or asks else 3  # does not want to see, wants to see
    size += verb is not None and verb.particle != ""
    size += clause.polarity is Polarity.NEVER or (denied and (modal is None or modal.english != "can"))
    return size if clause.frequency is None else size + clause.frequency.size


def _set_german(group: VerbGroup, clause: Clause, heads: _Heads, owners: list[English], person: Person) -> None:
    own_particle = [] if clause.verb is not None and clause.verb.preposition else group.particle
    prefix = "" if clause.verb is None else clause.verb.german.prefix
    tense = heads.german.past if heads.past else heads.german.present
    form = {Person.FIRST: tense.first, Person.THIRD: tense.third, Person.PLURAL: tense.plural}[person]
    if heads.governed:
        group.finite = German(form, tuple(owners))
        group.bracket = [German(heads.governed, (*heads.main, *own_particle))]
        group.final = [*group.bracket, group.finite]
        return
    sources = (*owners, *own_particle)
    group.finite = German(form, sources)
    group.bracket = [German(prefix, sources)] if prefix else []
    group.final = [German(prefix + form, sources)]


def _heads(clause: Clause, person: Person, *, needs_do: bool) -> _Heads:
    verb, modal = clause.verb, clause.modal
    base, participle = ("be", "been") if verb is None else (verb.english, verb.participle)
    german = SEIN if verb is None else verb.german
    if modal is not None:
        return _modal_heads(modal, person, needs_do=needs_do, denied=clause.polarity is Polarity.NOT).governing(
            german.joined_infinitive, base
        )
    if clause.tense is Tense.FUTURE:
        return _Heads(WERDEN, False, English("will"), []).governing(german.joined_infinitive, base)
    if clause.tense is Tense.PERFECT:
        has = English("has" if person is Person.THIRD else "have")
        return _Heads(AUXILIARIES[german.auxiliary], False, has, []).governing(german.participle, participle)
    past = clause.tense is Tense.PAST
    if verb is None:
        return _Heads(SEIN, past, English(_BE[past, person]), [])
    if needs_do:
        return _Heads(german, past, _do(person, past=past), [English(base)])
    present = verb.third if person is Person.THIRD else base
    return _Heads(german, past, None, [English(verb.past if past else present)])


def _modal_heads(modal: Modal, person: Person, *, needs_do: bool, denied: bool) -> _Heads:
    if not modal.infinitival:
        german = modal.negated if denied and modal.negated is not None else modal.german
        return _Heads(german, modal.past, English(modal.english), [])
    if needs_do:
        plain = English(_PLAIN.get(modal.english, modal.english))
        return _Heads(modal.german, modal.past, _do(person, past=modal.past), [plain, English("to")])
    finite = English(modal.third if person is Person.THIRD else modal.english)
    return _Heads(modal.german, modal.past, None, [finite, English("to")])


def _do(person: Person, *, past: bool) -> English:
    if past:
        return English("did")
    return English("does" if person is Person.THIRD else "do")


def _deny(group: VerbGroup, operator: English | None, *, is_do: bool) -> None:
    """Puts "not" behind the operator; "can" and "not" are one word, which then means "kann" and "nicht"."""
    if operator is not None and operator.text == "can":
        operator.text = "cannot"
        group.negators = (operator,)
    else:
        no = English("not")
        group.rest.append(no)
        group.negators = (operator, no) if is_do and operator is not None else (no,)
    group.negation = [German("nicht", group.negators)]


def _particle(clause: Clause) -> list[English]:
    return [English(clause.verb.particle)] if clause.verb is not None and clause.verb.particle else []
