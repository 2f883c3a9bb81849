import math

import pytest
import torch

from attnlab.data.lengths import LengthBuckets
from attnlab.errors import ConfigError
from attnlab.evaluation.by_length import (
    bleu_by_length,
    metric_name,
    rows_by_length,
    table_by_length,
    text_by_length,
    tokens_by_length,
)
from attnlab.evaluation.scores import TextScores
from attnlab.evaluation.tokens import TokenTotals

BUCKETS = LengthBuckets({"short": [1, 3], "medium": [4, 6], "long": [8, None]})
SCORES = TextScores(tokenize="none", lowercase=False)
HYPOTHESES = ["a b c d", "e f g h", "i j k l", "m n o x"]
REFERENCES = ["a b c d", "e f g h", "x x x x", "m n o p"]


def test_rows_of_each_bucket() -> None:
    # 7 lies in the gap and 0 below the lowest: overall only. Nothing is of medium length.
    assert rows_by_length([3, 8, 1, 7, 0, 60], BUCKETS) == {
        "overall": [0, 1, 2, 3, 4, 5],
        "short": [0, 2],
        "long": [1, 5],
    }


def test_metrics_are_those_of_each_bucket_alone() -> None:
    metrics = text_by_length(HYPOTHESES, REFERENCES, [2, 9, 9, 7], stage="test", buckets=BUCKETS, scores=SCORES)
    assert metrics["test/sentences"] == 4
    assert metrics["test/sentences/short"] == 1
    assert metrics["test/sentences/long"] == 2
    assert metrics["test/bleu"] == SCORES(HYPOTHESES, REFERENCES)["bleu"]
    assert metrics["test/bleu/short"] == pytest.approx(100)
    for metric, value in SCORES(HYPOTHESES[1:3], REFERENCES[1:3]).items():
        assert metrics[f"test/{metric}/long"] == value


def test_an_empty_bucket_is_absent() -> None:
    metrics = text_by_length(HYPOTHESES, REFERENCES, [2, 9, 9, 7], stage="test", buckets=BUCKETS, scores=SCORES)
    assert not [name for name in metrics if "medium" in name]
    assert all(math.isfinite(value) for value in metrics.values())


def test_fine_buckets_hold_bleu_and_counts_only() -> None:
    fine = LengthBuckets.fine(5, 10)
    metrics = bleu_by_length(HYPOTHESES, REFERENCES, [2, 9, 11, 3], stage="test", buckets=fine, scores=SCORES)
    assert set(metrics) == {f"test/{metric}/{name}" for metric in ("bleu", "sentences") for name in fine.names}
    assert metrics["test/sentences/1-5"] == 2
    assert metrics["test/bleu/6-10"] == pytest.approx(100)


def test_token_figures_are_ratios_of_sums() -> None:
    totals = TokenTotals(
        negative_log_likelihood=torch.tensor([3 * math.log(2), 1 * math.log(4), 8 * math.log(8)], dtype=torch.float64),
        tokens=torch.tensor([3, 1, 8]),
        correct=torch.tensor([3, 0, 2]),
    )
    metrics = tokens_by_length(totals, [1, 2, 30], stage="validation", buckets=BUCKETS)
    # (3 + 2 + 24) bits over 12 tokens; a mean of sentence perplexities would be (2 + 4 + 8) / 3.
    assert metrics["validation/perplexity"] == pytest.approx(2 ** (29 / 12))
    assert metrics["validation/perplexity/short"] == pytest.approx(2 ** (5 / 4))
    assert metrics["validation/perplexity/long"] == pytest.approx(8)
    assert metrics["validation/token_accuracy"] == pytest.approx(5 / 12)
    assert metrics["validation/token_accuracy/short"] == pytest.approx(3 / 4)
    assert "validation/perplexity/medium" not in metrics


def test_names() -> None:
    assert metric_name("test", "bleu") == "test/bleu"
    assert metric_name("test", "bleu", "long") == "test/bleu/long"


def test_a_table_has_a_row_for_each_bucket_even_if_empty() -> None:
    metrics = {"test/sentences": 3.0, "test/bleu": 40.0, "test/bleu/long": 30.0, "validation/bleu": 1.0}
    headings, rows = table_by_length(metrics, stage="test", names=["short", "long"])
    assert headings == ["length", "sentences", "BLEU", "chrF", "TER", "exact match", "token accuracy", "perplexity"]
    assert rows == [
        ["overall", 3.0, 40.0, None, None, None, None, None],
        ["short", None, None, None, None, None, None, None],
        ["long", None, 30.0, None, None, None, None, None],
    ]


def test_no_bucket_takes_the_name_of_all_sentences() -> None:
    with pytest.raises(ConfigError, match=r"'overall' stands for all sentences, .* rename that bucket"):
        rows_by_length([1], LengthBuckets({"overall": [1, None]}))


def test_a_table_of_other_columns() -> None:
    metrics = {"test/aer": 0.2, "test/aer/long": 0.3, "test/bleu": 40.0}
    headings, rows = table_by_length(metrics, stage="test", names=["long"], columns={"aer": "AER", "recall": "recall"})
    assert headings == ["length", "AER", "recall"]
    assert rows == [["overall", 0.2, None], ["long", 0.3, None]]
