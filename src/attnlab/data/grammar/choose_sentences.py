"""Which clauses make a sentence, at an exact number of English words."""

from typing import Final

from attnlab.data.grammar.choose_clauses import clause
from attnlab.data.grammar.choose_verbs import Setting
from attnlab.data.grammar.dead_end import DeadEnd
from attnlab.data.grammar.dice import Dice
from attnlab.data.grammar.small_words import COORDINATORS, INTERROGATIVES, SUBORDINATORS, Coordinator, Subordinator
from attnlab.data.grammar.trees import Question, Sentence, Statement, Subordinate

_CLOSED: Final = 0.7
"""Share of sentences with a final mark."""
_ASKED: Final = 0.08
_SIMPLE: Final = frozenset({"if", "when", "while", "before", "until"})
"""Conjunctions whose clause stays in the present or the past and is not negated."""
_LONGEST_STATEMENT: Final = 22
_LONGEST_CLAUSE: Final = 13


def sentence(dice: Dice, size: int) -> Sentence | Question:
    """A sentence of exactly `size` English words, its punctuation counted; `size` is at least 3."""
    while True:
        closed = dice.chance(_CLOSED)
        words = size - closed
        past = dice.chance(0.4)
        try:
            if 4 <= words <= 12 and dice.chance(_ASKED):
                return _question(dice, words, past=past, mark="?" if closed else "")
            return _chain(dice, words, past=past, mark="." if closed else "")
        except DeadEnd:
            continue


def _question(dice: Dice, words: int, *, past: bool, mark: str) -> Question:
    interrogative = dice.pick(INTERROGATIVES) if dice.chance(0.4) else None
    body = clause(dice, words - (interrogative is not None), Setting(past, asks=True, depth=1))
    if interrogative is None:
        return Question(body, None, mark)
    asks_where = interrogative.english == "where"
    if asks_where and (body.place is not None or body.verb is None or not body.verb.placed):
        raise DeadEnd
    if interrogative.english == "when" and (body.time is not None or body.frequency is not None):
        raise DeadEnd
    return Question(body, interrogative, mark)


def _chain(dice: Dice, words: int, *, past: bool, mark: str) -> Sentence:
    """Statements joined by coordinators; the longer the sentence, the more of them."""
    size = _next_size(dice, words)
    first = _statement(dice, size, past=past, inverted=False)
    rest: list[tuple[Coordinator, Statement]] = []
    words -= size
    while words:
        coordinator = dice.pick(COORDINATORS)
        if rest and coordinator is rest[-1][0]:
            raise DeadEnd
        words -= 2 + coordinator.english.count(" ")
        size = _next_size(dice, words)
        rest.append((coordinator, _statement(dice, size, past=past, inverted=coordinator.inverting)))
        words -= size
    return Sentence(first, tuple(rest), mark)


def _next_size(dice: Dice, words: int) -> int:
    """How many of the remaining words the next statement takes: all, or so many that another one fits behind it."""
    if words < 2:
        raise DeadEnd
    if words > _LONGEST_STATEMENT or (words >= 11 and dice.chance(0.35)):
        return dice.between(4, min(_LONGEST_STATEMENT, words - 6))
    return words


def _statement(dice: Dice, size: int, *, past: bool, inverted: bool) -> Statement:
    """A main clause, perhaps with a subordinate one; `inverted` if a coordinator takes the place before the verb."""
    if size < 8 or (size <= _LONGEST_CLAUSE and dice.chance(0.5)):
        return Statement(clause(dice, size, Setting(past, main=not inverted)))
    subordinator = _subordinator(dice, past=past)
    leads = not inverted and dice.chance(0.4)
    rest = size - 1 - leads
    main_size = dice.between(max(3, rest - _LONGEST_CLAUSE), min(rest - 3, _LONGEST_CLAUSE))
    perfect = subordinator.english not in _SIMPLE
    main = clause(dice, main_size, Setting(past, main=not inverted and not leads, perfect=perfect, depth=1))
    inner = Setting(past, perfect=perfect, negation=perfect, depth=1)
    subordinate = Subordinate(subordinator, clause(dice, rest - main_size, inner))
    return Statement(main, lead=subordinate) if leads else Statement(main, trail=subordinate)


def _subordinator(dice: Dice, *, past: bool) -> Subordinator:
    return dice.pick([choice for choice in SUBORDINATORS if (choice.past if past else choice.present)])
