"""What a model's answers to one split are worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from attnlab.data.lengths import LengthBuckets
from attnlab.errors import ShapeError
from attnlab.evaluation.answer import Answer
from attnlab.evaluation.by_length import bleu_by_length, text_by_length, tokens_by_length
from attnlab.evaluation.scores import TextScores
from attnlab.evaluation.tokens import TokenTotals
from attnlab.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class SplitJudge:
    """Scores the answers to the sentences of one split.

    Attributes:
        references: target text of every row.
        source_lengths: words of every row's source before tokenisation.
        tokenizer: of the target side.
        buckets: what short and long mean.
        fine: narrow buckets for the curve over length.
        scores: settings of the text scores.
    """

    references: Sequence[str]
    source_lengths: Sequence[int]
    tokenizer: Tokenizer
    buckets: LengthBuckets
    fine: LengthBuckets
    scores: TextScores

    def __call__(self, answers: Sequence[Answer], stage: str) -> dict[str, float]:
        """Metrics `<stage>/<metric>[/<bucket>]`; `<stage>/loss` is the reference's nats per token.

        Raises:
            ShapeError: if the answers are not exactly those of the split.
        """
        ordered = in_order(answers, len(self.references))
        hypotheses = self.translations(ordered)
        references, lengths = list(self.references), list(self.source_lengths)
        totals = token_totals(ordered)
        metrics = text_by_length(hypotheses, references, lengths, stage=stage, buckets=self.buckets, scores=self.scores)
        metrics |= bleu_by_length(hypotheses, references, lengths, stage=stage, buckets=self.fine, scores=self.scores)
        metrics |= tokens_by_length(totals, lengths, stage=stage, buckets=self.buckets)
        return metrics | {f"{stage}/loss": totals.loss}

    def translations(self, answers: Sequence[Answer]) -> list[str]:
        """The text of each answer's best hypothesis."""
        return [self.tokenizer.decode(answer.hypotheses[0].tokens) for answer in answers]


def in_order(answers: Sequence[Answer], size: int) -> list[Answer]:
    """The answers by row.

    Raises:
        ShapeError: if a row of the split is missing or answered twice.
    """
    ordered = sorted(answers, key=lambda answer: answer.row)
    if [answer.row for answer in ordered] != list(range(size)):
        raise ShapeError(
            f"every row of a split is answered once, but there are {len(answers)} answers to {size} rows: score the "
            "whole split, in training with trainer.limit_val_batches=1.0 and no trainer.overfit_batches."
        )
    return ordered


def token_totals(answers: Sequence[Answer]) -> TokenTotals:
    """How well the references of all answers were predicted."""
    return TokenTotals(
        negative_log_likelihood=torch.tensor([answer.nll for answer in answers], dtype=torch.float64),
        tokens=torch.tensor([answer.tokens for answer in answers]),
        correct=torch.tensor([answer.correct for answer in answers]),
    )
