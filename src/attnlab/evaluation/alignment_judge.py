"""What the attention in a model's answers to one split is worth: against gold alignments, and by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from attnlab.data.lengths import LengthBuckets, word_count
from attnlab.data.pharaoh import GoldAlignment
from attnlab.evaluation.alignment import LinkCounts, WordWeights, best_links, diagonal_links, links_above
from attnlab.evaluation.answer import Answer
from attnlab.evaluation.attention_statistics import AttentionTotals
from attnlab.evaluation.by_length import metric_name, rows_by_length
from attnlab.evaluation.judge import in_order
from attnlab.evaluation.words import word_weights, words_of
from attnlab.text.tokenizer import TokenizerPair

ALIGNMENT_COLUMNS: Final = {
    "aer": "AER",
    "alignment_precision": "precision",
    "alignment_recall": "recall",
    "attention_entropy": "entropy",
    "attention_coverage_deviation": "coverage deviation",
    "attention_diagonal_distance": "diagonal distance",
    "attention_non_monotonic": "steps back",
}
"""Metric -> heading of its column, in the order of the table; all of the references, so that 80 columns hold them."""


@dataclass(frozen=True)
class AlignmentJudge:
    """Measures the attention of a whole split, overall and by source length.

    Attributes:
        sources: source text of every row.
        references: target text of every row.
        tokenizers: of both sides.
        buckets: what short and long mean.
        gold: alignment of every row's source and reference, in words, where rows that nobody aligned are not counted;
            None where nobody aligned any.
    """

    sources: Sequence[str]
    references: Sequence[str]
    tokenizers: TokenizerPair
    buckets: LengthBuckets
    gold: Sequence[GoldAlignment] | None

    def __call__(self, answers: Sequence[Answer], stage: str) -> dict[str, float]:
        """Metrics `<stage>/<metric>[/<bucket>]`; none of a model without attention.

        With gold alignments, of the references under teacher forcing: aer, alignment_precision and alignment_recall of
        the word that each target word weighs most, the same with `_thresholded` of all words it weighs at least
        `THRESHOLD`, and with `_left_to_right` of the diagonal, which needs no attention. The figures of
        `AttentionTotals` are of the references too, and with `_own` of the model's best hypotheses, which no gold
        alignment belongs to.

        Raises:
            ShapeError: if the answers are not exactly those of the split.
        """
        ordered = in_order(answers, len(self.references))
        forced = [weights for answer in ordered if (weights := self.forced(answer)) is not None]
        own = [weights for answer in ordered if (weights := self.own(answer)) is not None]
        statistics = {
            ending: [AttentionTotals.of(one) for one in weights] for ending, weights in (("", forced), ("_own", own))
        }
        counts = {
            ending: {
                row: LinkCounts.of(links(weights), gold)
                for row, (weights, gold) in enumerate(zip(forced, self.gold, strict=True))
                if gold.known
            }
            for ending, links in (("", best_links), ("_thresholded", links_above), ("_left_to_right", diagonal_links))
            if forced and self.gold is not None
        }
        metrics: dict[str, float] = {}
        for group, rows in rows_by_length([word_count(source) for source in self.sources], self.buckets).items():
            for ending, totals in statistics.items():
                if totals:
                    figures = AttentionTotals.total(totals[row] for row in rows).figures()
                    metrics |= {metric_name(stage, f"{name}{ending}", group): value for name, value in figures.items()}
            for ending, parts in counts.items():
                known = [parts[row] for row in rows if row in parts]
                if not known:
                    continue
                found = LinkCounts.total(known)
                metrics[metric_name(stage, f"aer{ending}", group)] = found.error_rate
                metrics[metric_name(stage, f"alignment_precision{ending}", group)] = found.precision
                metrics[metric_name(stage, f"alignment_recall{ending}", group)] = found.recall
        return metrics

    def forced(self, answer: Answer) -> WordWeights | None:
        """Weights of each reference word over the source words and EOS."""
        if answer.forced_weights is None:
            return None
        target_words = self.tokenizers.target.word_indices(self.references[answer.row])
        return word_weights(answer.forced_weights, self._source_words(answer), target_words)

    def own(self, answer: Answer) -> WordWeights | None:
        """Weights of each word of the best hypothesis over the source words and EOS."""
        best = answer.hypotheses[0]
        if best.weights is None:
            return None
        return word_weights(best.weights, self._source_words(answer), words_of(self.tokenizers.target, best.tokens))

    def _source_words(self, answer: Answer) -> list[int]:
        return self.tokenizers.source.word_indices(self.sources[answer.row])
