"""Which sentences are said, at an exact number of English words."""

from typing import Final

from attnlab.data.grammar.choose_clauses import Setting, clause
from attnlab.data.grammar.dice import Dice
from attnlab.data.grammar.small_words import COORDINATORS, INTERROGATIVES, SUBORDINATORS, Coordinator
from attnlab.data.grammar.trees import Question, Sentence, Statement, Subordinate

_CLOSED: Final = 0.7
"""Share of sentences with a final mark."""
_PLAIN_AFTER: Final = frozenset({"if", "when", "while", "before", "until"})
_LONGEST_STATEMENT: Final = 24


def sentence(dice: Dice, size: int) -> Sentence | Question:
    """A sentence of exactly `size` English words, its punctuation counted.

    Args:
        dice: the source of chance.
        size: at least 3.
    """
    while True:
        found = _attempt(dice, size)
        if found is not None:
            return found


def _attempt(dice: Dice, size: int) -> Sentence | Question | None:
    closed = dice.chance(_CLOSED)
    words = size - closed
    past = dice.chance(0.4)
    if 4 <= words <= 12 and dice.chance(0.1):
        return _question(dice, words, past=past, closed=closed)
    return _chain(dice, words, past=past, mark="." if closed else "")


def _question(dice: Dice, words: int, *, past: bool, closed: bool) -> Question | None:
    interrogative = dice.pick(INTERROGATIVES) if dice.chance(0.4) else None
    body = clause(dice, words - (interrogative is not None), Setting(past, main=False, asks=True, depth=1))
    if body is None:
        return None
    if interrogative is not None and not _fits(interrogative.english, body.place is None, body.time is None):
        return None
    if interrogative is not None and interrogative.english == "where":
        verb = body.verb
        if verb is None or not verb.placed:
            return None
    if body.verb is None and interrogative is not None and body.predicate is None:
        return None
    return Question(body, interrogative, "?" if closed else "")


def _fits(interrogative: str, no_place: bool, no_time: bool) -> bool:
    return {"where": no_place, "when": no_time}.get(interrogative, True)


def _chain(dice: Dice, words: int, *, past: bool, mark: str) -> Sentence | None:
    """Statements joined by coordinators; the longer the sentence, the more of them."""
    parts: list[tuple[Coordinator, Statement]] = []
    first: Statement | None = None
    coordinator: Coordinator | None = None
    while True:
        most = min(words, _LONGEST_STATEMENT)
        size = words
        if words > _LONGEST_STATEMENT or (words >= 11 and dice.chance(0.3)):
            size = dice.between(4, min(most, words - 6))
        statement = _statement(dice, size, past=past, inverted=coordinator is not None and coordinator.inverting)
        if statement is None:
            return None
        if coordinator is None:
            first = statement
        else:
            parts.append((coordinator, statement))
        words -= size
        if not words:
            return None if first is None else Sentence(first, tuple(parts), mark)
        coordinator = dice.pick(COORDINATORS)
        words -= 2 + coordinator.english.count(" ")


def _statement(dice: Dice, size: int, *, past: bool, inverted: bool) -> Statement | None:
    if size >= 9 and (size > 14 or dice.chance(0.45)):
        lead = not inverted and dice.chance(0.4)
        rest = size - 1 - lead
        main_size = dice.between(max(3, rest - 13), min(rest - 3, 13))
        subordinate = _subordinate(dice, rest - main_size, past=past)
        main = clause(dice, main_size, Setting(past, main=not inverted and not lead, depth=1))
        if main is None or subordinate is None:
            return None
        return Statement(main, lead=subordinate) if lead else Statement(main, trail=subordinate)
    main = clause(dice, size, Setting(past, main=not inverted))
    return None if main is None else Statement(main)


def _subordinate(dice: Dice, size: int, *, past: bool) -> Subordinate | None:
    subordinator = dice.pick([choice for choice in SUBORDINATORS if (choice.past if past else choice.present)])
    body = clause(dice, size, Setting(past, main=False, plain=subordinator.english in _PLAIN_AFTER, depth=1))
    return None if body is None else Subordinate(subordinator, body)
