"""A judge scores exactly one split, in any order."""

import math

import pytest

from attnlab.data.lengths import LengthBuckets
from attnlab.decoding.protocol import Hypothesis
from attnlab.errors import ShapeError
from attnlab.evaluation.answer import Answer
from attnlab.evaluation.judge import SplitJudge, in_order, token_totals
from attnlab.evaluation.scores import TextScores
from attnlab.text.tokenizer import Tokenizer
from attnlab.text.trainers import WordTrainer

REFERENCES = ["der hund sieht die katze", "sie schläft tief und fest heute nacht", "das ist eine gute idee"]


@pytest.fixture
def tokenizer() -> Tokenizer:
    return WordTrainer().train(REFERENCES, REFERENCES).target


@pytest.fixture
def judge(tokenizer: Tokenizer) -> SplitJudge:
    return SplitJudge(
        references=REFERENCES,
        source_lengths=[5, 7, 30],
        tokenizer=tokenizer,
        buckets=LengthBuckets({"short": [1, 9], "long": [20, None]}),
        fine=LengthBuckets.fine(step=5, maximum=10),
        scores=TextScores(tokenize="none", lowercase=False),
    )


def answer_of(row: int, text: str, tokenizer: Tokenizer, *, nll: float = 2.0, correct: int = 1) -> Answer:
    (tokens,) = tokenizer.encode_batch([text])
    found = Hypothesis(tokens, log_prob=-1.0, score=-1.0, weights=None, finished=True)
    worse = Hypothesis([], log_prob=-9.0, score=-9.0, weights=None, finished=True)
    return Answer(row, [found, worse], nll=nll, tokens=4, correct=correct)


def test_perfect_answers_in_any_order_get_full_marks(judge: SplitJudge, tokenizer: Tokenizer) -> None:
    answers = [answer_of(row, REFERENCES[row], tokenizer) for row in (2, 0, 1)]
    metrics = judge(answers, "test")
    assert metrics["test/bleu"] == pytest.approx(100)
    assert metrics["test/bleu/short"] == pytest.approx(100)
    assert metrics["test/bleu/long"] == pytest.approx(100)
    assert metrics["test/bleu/1-5"] == pytest.approx(100)
    assert metrics["test/exact_match"] == 1


def test_a_bad_answer_counts_where_its_source_belongs(judge: SplitJudge, tokenizer: Tokenizer) -> None:
    answers = [answer_of(row, REFERENCES[row] if row < 2 else "nacht", tokenizer) for row in range(3)]
    metrics = judge(answers, "val")
    assert metrics["val/bleu/short"] == pytest.approx(100)
    assert metrics["val/bleu/long"] < 1
    assert metrics["val/bleu/long"] < metrics["val/bleu"] < 100


def test_the_loss_is_nats_per_token_of_the_whole_split(judge: SplitJudge, tokenizer: Tokenizer) -> None:
    answers = [answer_of(row, "und", tokenizer, nll=nll) for row, nll in enumerate((1.0, 2.0, 9.0))]
    metrics = judge(answers, "val")
    assert metrics["val/loss"] == pytest.approx((1 + 2 + 9) / 12)
    assert metrics["val/perplexity"] == pytest.approx(math.exp(1.0))


def test_the_best_hypothesis_is_judged(judge: SplitJudge, tokenizer: Tokenizer) -> None:
    assert judge.translations([answer_of(1, "sie schläft", tokenizer)]) == ["sie schläft"]


def test_totals_keep_the_rows_apart(tokenizer: Tokenizer) -> None:
    totals = token_totals([answer_of(row, "", tokenizer, nll=float(row), correct=row) for row in (0, 3)])
    assert totals.negative_log_likelihood.tolist() == [0, 3]
    assert totals.tokens.tolist() == [4, 4]
    assert totals.correct.tolist() == [0, 3]


@pytest.mark.parametrize("rows", [[0, 1], [0, 1, 1], [0, 1, 2, 2], [1, 2, 3], []])
def test_every_row_is_answered_once(rows: list[int], tokenizer: Tokenizer) -> None:
    answers = [answer_of(row, "und", tokenizer) for row in rows]
    with pytest.raises(
        ShapeError, match=rf"there are {len(rows)} answers to 3 rows: score the whole split.*limit_val_batches=1\.0"
    ):
        in_order(answers, 3)
