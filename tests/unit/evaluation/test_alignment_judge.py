"""The attention of a split: in words, by length, against gold alignments where there are any."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from attnlab.data.lengths import LengthBuckets
from attnlab.data.pharaoh import read_gold
from attnlab.decoding.protocol import Hypothesis
from attnlab.errors import ShapeError
from attnlab.evaluation.alignment_judge import ALIGNMENT_COLUMNS, AlignmentJudge
from attnlab.evaluation.answer import Answer
from attnlab.text.tokenizer import TokenizerPair
from attnlab.text.trainers import CharacterTrainer, WordTrainer

SOURCES = ["a b", "c", "a b c d"]
REFERENCES = ["B A", "C", "A B C D"]
GOLD = ["0-1 1-0", "0-0", "0-0 1-1 2-2 3-3"]


def judge_of(tokenizers: TokenizerPair) -> AlignmentJudge:
    sizes = zip(SOURCES, REFERENCES, strict=True)
    return AlignmentJudge(
        sources=SOURCES,
        references=REFERENCES,
        tokenizers=tokenizers,
        buckets=LengthBuckets({"short": [1, 1], "medium": [2, 3], "long": [4, None]}),
        gold=[
            read_gold(text, source_size=len(source.split()), target_size=len(target.split()), place="")
            for text, (source, target) in zip(GOLD, sizes, strict=True)
        ],
    )


@pytest.fixture
def judge() -> AlignmentJudge:
    return judge_of(WordTrainer().train(SOURCES, REFERENCES))


def answer_of(row: int, forced: Tensor | None, own: Tensor | None = None, tokens: list[int] | None = None) -> Answer:
    best = Hypothesis(tokens or [], log_prob=-1.0, score=-1.0, weights=own, finished=True)
    worse = Hypothesis([4], log_prob=-2.0, score=-2.0, weights=torch.full((2, 9), 0.1), finished=True)
    return Answer(row, [best, worse], nll=1.0, tokens=3, correct=1, forced_weights=forced)


def looking_at(*places: int, size: int) -> Tensor:
    """All weight of each target token on one source token."""
    return torch.eye(size)[list(places)]


def perfect() -> list[Answer]:
    return [
        answer_of(0, looking_at(1, 0, 2, size=3), looking_at(2, size=3)),
        answer_of(1, looking_at(0, 1, size=2), looking_at(1, size=2)),
        answer_of(2, looking_at(0, 1, 2, 3, 4, size=5), looking_at(4, size=5)),
    ]


def test_rows_that_nobody_aligned_are_left_out(judge: AlignmentJudge) -> None:
    """As if they were not there; a bucket of such rows alone has no figures, and neither has a split of them."""
    assert judge.gold is not None
    nobody = read_gold("", source_size=4, target_size=4, place="")
    metrics = replace(judge, gold=[*judge.gold[:2], nobody])(perfect(), "test")
    figures = ("aer", "alignment_precision", "alignment_recall")
    for name in (f"{figure}{ending}" for figure in figures for ending in ("", "_thresholded", "_left_to_right")):
        assert f"test/{name}/long" not in metrics
    assert metrics["test/aer"] == 0
    # The pair that changes places has both links wrong from left to right, the pair of one word none: 1 - 2 / 6.
    assert metrics["test/aer_left_to_right"] == pytest.approx(2 / 3)
    assert not [name for name in replace(judge, gold=[nobody] * 3)(perfect(), "test") if "aer" in name]


def test_gold_attention_gets_full_marks_in_any_order(judge: AlignmentJudge) -> None:
    first, second, third = perfect()
    metrics = judge([third, first, second], "test")
    for bucket in ("", "/short", "/medium", "/long"):
        for ending in ("", "_thresholded"):
            assert metrics[f"test/aer{ending}{bucket}"] == 0
            assert metrics[f"test/alignment_precision{ending}{bucket}"] == 1
            assert metrics[f"test/alignment_recall{ending}{bucket}"] == 1
        assert metrics[f"test/attention_entropy{bucket}"] == 0
        assert metrics[f"test/attention_coverage_deviation{bucket}"] == 0
    # Left to right would link all four words of the long source and none of the two that change places.
    assert metrics["test/aer_left_to_right/long"] == 0
    assert metrics["test/aer_left_to_right/medium"] == 1
    # Steps: one to the left in "B A", three to the right in "A B C D".
    assert metrics["test/attention_non_monotonic"] == 1 / 4
    assert metrics["test/attention_non_monotonic/medium"] == 1
    assert metrics["test/attention_non_monotonic/long"] == 0
    assert "test/attention_non_monotonic/short" not in metrics


def test_links_count_where_their_source_belongs(judge: AlignmentJudge) -> None:
    first, second, third = perfect()
    metrics = judge([first, second, replace(third, forced_weights=looking_at(0, 0, 4, 3, 4, size=5))], "val")
    # "A B C D" is linked to a, a, nothing and d: 2 of 3 links are right, 2 of 4 found.
    assert metrics["val/alignment_precision/long"] == 2 / 3
    assert metrics["val/alignment_recall/long"] == 2 / 4
    assert metrics["val/aer/long"] == pytest.approx(1 - 4 / 7)
    assert metrics["val/aer/short"] == metrics["val/aer/medium"] == 0
    assert metrics["val/aer"] == pytest.approx(1 - (4 + 3 + 3) / (7 + 3 + 3))


def test_several_words_above_the_threshold_are_all_linked(judge: AlignmentJudge) -> None:
    first, second, third = perfect()
    spread = torch.tensor([[0.3, 0.7, 0.0], [0.6, 0.4, 0.0], [0.0, 0.0, 1.0]])
    metrics = judge([replace(first, forced_weights=spread), second, third], "test")
    assert metrics["test/aer/medium"] == 0
    assert metrics["test/alignment_precision_thresholded/medium"] == 2 / 4
    assert metrics["test/alignment_recall_thresholded/medium"] == 1


def test_own_translations_have_statistics_but_no_gold(judge: AlignmentJudge) -> None:
    tokens = judge.tokenizers.target.encode_batch(["C B"])[0]
    own = torch.tensor([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    first, *others = perfect()
    metrics = judge([replace(first, hypotheses=answer_of(0, None, own, tokens).hypotheses), *others], "test")
    assert metrics["test/attention_entropy_own/medium"] == pytest.approx(math.log(2))
    assert metrics["test/attention_coverage_deviation_own/medium"] == 0
    assert metrics["test/attention_entropy/medium"] == 0
    assert "test/attention_entropy_own/long" not in metrics  # no word was said
    assert not [name for name in metrics if name.endswith("_own") and ("aer" in name or "alignment" in name)]


def test_pieces_are_measured_as_words() -> None:
    judge = judge_of(CharacterTrainer().train([*SOURCES, "ab"], [*REFERENCES, "AB"]))
    source, target = "a b", "B A"  # three characters each, then EOS; spaces belong to the word after them
    assert (SOURCES[0], REFERENCES[0]) == (source, target)
    weights = torch.tensor([[0.0, 0.4, 0.6, 0.0], [0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    found = judge.forced(answer_of(0, weights))
    assert found is not None
    torch.testing.assert_close(found, torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5]]))


def test_without_gold_there_are_statistics_only(judge: AlignmentJudge) -> None:
    metrics = replace(judge, gold=None)(perfect(), "test")
    assert metrics["test/attention_entropy"] == 0
    assert not [name for name in metrics if "aer" in name or "alignment" in name]


def test_a_model_without_attention_has_no_figures(judge: AlignmentJudge) -> None:
    assert judge([answer_of(row, None) for row in range(3)], "test") == {}


def test_every_column_of_the_table_is_a_metric(judge: AlignmentJudge) -> None:
    tokens = judge.tokenizers.target.encode_batch(["A"])[0]
    own = answer_of(2, None, looking_at(0, 4, size=5), tokens).hypotheses
    first, second, third = perfect()
    metrics = judge([first, second, replace(third, hypotheses=own)], "test")
    assert {f"test/{name}" for name in ALIGNMENT_COLUMNS} <= metrics.keys()


def test_every_row_is_answered_once(judge: AlignmentJudge) -> None:
    with pytest.raises(ShapeError, match="there are 2 answers to 3 rows"):
        judge(perfect()[:2], "test")
