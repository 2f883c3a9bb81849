"""How clauses and punctuation make a sentence in both languages."""

from attnlab.data.grammar.clauses import Order, spell_clause, spell_subordinate
from attnlab.data.grammar.trees import Question, Sentence, Statement
from attnlab.data.grammar.words import English, German, Pair, Parallel, pair, tidy_commas, together


def spell_sentence(sentence: Sentence | Question, *, flipped: bool = False) -> Pair:
    """The finished pair; `flipped` makes German the source."""
    words = _question(sentence) if isinstance(sentence, Question) else _statements(sentence)
    if sentence.mark:
        mark = together(sentence.mark, sentence.mark)
        words = Parallel(words.english + mark.english, words.german + mark.german)
    return pair(words.english, tidy_commas(words.german), flipped=flipped)


def _question(question: Question) -> Parallel:
    body = spell_clause(question.clause, Order.FIRST, asks=True)
    if question.interrogative is None:
        return body
    opener = together(question.interrogative.english, question.interrogative.german)
    return Parallel(opener.english + body.english, opener.german + body.german)


def _statements(sentence: Sentence) -> Parallel:
    whole = _statement(sentence.first, Order.SECOND)
    for coordinator, statement in sentence.rest:
        comma, link = together(",", ","), together(coordinator.english, coordinator.german)
        next_one = _statement(statement, Order.FIRST if coordinator.inverting else Order.SECOND)
        whole.english += [*comma.english, *link.english, *next_one.english]
        whole.german += [*comma.german, *link.german, *next_one.german]
    return whole


def _statement(statement: Statement, order: Order) -> Parallel:
    sources: list[English] = []
    targets: list[German] = []
    if statement.lead is not None:
        lead = spell_subordinate(statement.lead)
        comma = together(",", ",")
        sources += lead.english + comma.english
        targets += lead.german + comma.german
        order = Order.FIRST
    main = spell_clause(statement.main, order)
    sources += main.english
    targets += main.german
    if statement.trail is not None:
        trail = spell_subordinate(statement.trail)
        sources += trail.english
        targets += [German(","), *trail.german, German(",")]
    return Parallel(sources, targets)
