"""Which verb, tense, modality, polarity and adverbs a clause has."""

from dataclasses import dataclass, replace
from typing import Final

from attnlab.data.grammar.clauses import is_past
from attnlab.data.grammar.dead_end import DeadEnd
from attnlab.data.grammar.dice import Dice
from attnlab.data.grammar.nouns import Noun
from attnlab.data.grammar.small_words import FREQUENCIES, MANNERS, MODALS, TIMES, VOICES, Adverbial
from attnlab.data.grammar.trees import Clause, Gap, Polarity, Tense
from attnlab.data.grammar.verbs import BY_OBJECT, BY_SUBJECT, VERBS, Frame, Verb

_FRAMES: Final[tuple[Frame | None, ...]] = (
    *(Frame.INTRANSITIVE,) * 4,
    *(Frame.MOTION,) * 3,
    *(Frame.POSITION,) * 2,
    *(Frame.TRANSITIVE,) * 14,
    *(Frame.DITRANSITIVE,) * 3,
    *(Frame.PUT,) * 2,
    *(Frame.PREPOSITIONAL,) * 3,
    *(Frame.STATEMENT,) * 4,
    Frame.QUESTION,
    *(None,) * 4,
)
_NOT_NESTED: Final = (Frame.STATEMENT, Frame.QUESTION)
_GAP_FRAMES: Final = (Frame.TRANSITIVE, Frame.DITRANSITIVE)
_GAPPED: Final = {kind: tuple(verb for verb in verbs if verb.frame in _GAP_FRAMES) for kind, verbs in BY_OBJECT.items()}
_FLAT: Final = {
    kind: tuple(verb for verb in verbs if verb.frame not in _NOT_NESTED) for kind, verbs in BY_SUBJECT.items()
}
_MODALS: Final = {past: tuple(modal for modal in MODALS if modal.past is past) for past in (False, True)}
_LEAST: Final = 4
"""Words that a clause needs beside its adverbs before it takes any."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What surrounds a clause.

    Attributes:
        past: whether the sentence tells of the past.
        main: whether an adverbial may open the clause.
        perfect: whether perfect and future may be used.
        negation: whether the clause may be negated, in its verb or in a noun phrase.
        asks: whether the clause is a question.
        depth: how many clauses may still be nested in this one.
    """

    past: bool
    main: bool = False
    perfect: bool = True
    negation: bool = True
    asks: bool = False
    depth: int = 2

    def nested(self) -> "Setting":
        """The setting of a relative or complement clause inside."""
        return Setting(self.past, depth=self.depth - 1)


def has_object_gap(noun: Noun) -> bool:
    """Whether some verb can take the noun as its object in a relative clause."""
    return bool(_GAPPED[noun.kind])


def choose_verb(dice: Dice, gap: Gap | None, noun: Noun | None, *, past: bool) -> Verb | None:
    """A verb, or None for "to be"; in a relative clause one that fits the noun."""
    if noun is None:
        frame = dice.pick(_FRAMES)
        verb = None if frame is None else dice.pick(VERBS[frame])
    elif gap is Gap.OBJECT:
        verb = dice.pick(_GAPPED[noun.kind])
    else:
        verbs = _FLAT[noun.kind]
        verb = dice.pick(verbs) if verbs and dice.chance(0.8) else None
    if past and verb is not None and not verb.has_clear_past:
        raise DeadEnd
    return verb


def choose_forms(dice: Dice, verb: Verb | None, setting: Setting, size: int) -> Clause:
    """A clause of this verb with tense, modal and polarity, and nothing else yet."""
    tense = Tense.PAST if setting.past else Tense.PRESENT
    if size < _LEAST:
        return Clause(verb, None, tense)
    polarity = Polarity.POSITIVE
    if setting.negation and not setting.asks:
        luck = dice.below(100)
        polarity = Polarity.NOT if luck < 16 else Polarity.NEVER if luck < 20 else polarity
    if verb is None or verb.stative:
        return Clause(verb, None, tense, polarity)
    luck = dice.below(100)
    modal = dice.pick(_MODALS[setting.past]) if luck < 18 else None
    if setting.perfect and not setting.past and 18 <= luck < 40:
        tense = Tense.PERFECT if luck < 30 else Tense.FUTURE
    return Clause(verb, None, tense, polarity, modal)


def add_adverbs(dice: Dice, draft: Clause, setting: Setting, room: int) -> tuple[Clause, int]:
    """Perhaps adverbs of time, frequency and manner; returns what is left of `room` English words."""
    verb = draft.verb
    spare = room - _LEAST
    stative = verb is not None and verb.stative
    if spare >= 1 and draft.polarity is Polarity.POSITIVE and not stative and dice.chance(0.12):
        draft = replace(draft, frequency=dice.pick(FREQUENCIES))
        spare -= 1
    elif spare >= 1 and draft.polarity is not Polarity.NEVER and dice.chance(0.35):
        time, opens = dice.pick(TIMES), setting.main and dice.chance(0.5)
        before_clause = verb is not None and verb.frame in _NOT_NESTED and not opens  # "says today that" is stiff
        if time.size <= spare and not before_clause and _goes_with(time, draft):
            draft = replace(draft, time=time, time_first=opens)
            spare -= time.size
    if spare >= 1 and verb is not None and (verb.manner or verb.voice) and dice.chance(0.3):
        draft = replace(draft, manner=dice.pick(MANNERS if verb.manner else VOICES))
        spare -= 1
    return draft, spare + _LEAST


def _goes_with(time: Adverbial, draft: Clause) -> bool:
    if draft.tense is Tense.PERFECT:
        return time.english == "today"
    if draft.tense is Tense.FUTURE:
        return time.future
    if is_past(draft):
        return time.past
    if draft.modal is not None:
        return time.future or time.present
    return time.present
