"""Which scores a set of translations gets as one corpus, and by which sacreBLEU settings."""

from collections.abc import Mapping, Sequence

from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from attnlab.errors import ConfigError, DataError, ShapeError
from attnlab.evaluation.ter import BatchedTER

Figures = dict[str, float]
Groups = Mapping[str, Sequence[int]]
"""Name -> rows of the sentences that belong to it."""


class TextScores:
    """Corpus BLEU, chrF, TER (0 to 100, TER may exceed it) and exact match (0 to 1) of hypotheses.

    Every figure treats case alike, so TER is case-sensitive unless `lowercase` is set (sacreBLEU's own TER folds case
    by default); the signatures say so.

    Args:
        tokenize: sacreBLEU's tokenizer for BLEU: "13a" for detokenised text, "none" for text that is already tokens.
        lowercase: whether upper and lower case count as equal.
        effective_order: BLEU of a corpus whose hypotheses are all shorter than four tokens is 0 by definition; this
            option leaves out the n-gram orders that no hypothesis is long enough for.

    Raises:
        ConfigError: a tokenizer sacreBLEU does not have.
    """

    def __init__(self, *, tokenize: str, lowercase: bool, effective_order: bool = False) -> None:
        if tokenize not in BLEU.TOKENIZERS:
            raise ConfigError(
                f"data.scoring.tokenize names a tokenizer of sacreBLEU, but got {tokenize!r}: "
                f"choose one of {', '.join(sorted(BLEU.TOKENIZERS))}."
            )
        self._lowercase = lowercase
        # force: our tokenised corpora end in " ." on purpose, which sacreBLEU otherwise warns about.
        self._bleu = BLEU(tokenize=tokenize, lowercase=lowercase, effective_order=effective_order, force=True)
        self._others: dict[str, Metric] = {
            "chrf": CHRF(lowercase=lowercase),
            "ter": BatchedTER(case_sensitive=not lowercase),
        }

    def __call__(self, hypotheses: Sequence[str], references: Sequence[str]) -> dict[str, float]:
        """Every score of one corpus: bleu, chrf, ter and exact_match. Raises as `by_group`."""
        return self.by_group(hypotheses, references, {"all": range(len(hypotheses))})["all"]

    def by_group(self, hypotheses: Sequence[str], references: Sequence[str], groups: Groups) -> dict[str, Figures]:
        """Every score of each group of sentences, taken as a corpus of its own.

        A sentence is compared with its reference once, however many groups hold it.

        Raises:
            ShapeError: hypotheses and references differ in number.
            DataError: a group holds no sentence.
        """
        scores = self._score({"bleu": self._bleu, **self._others}, hypotheses, references, groups)
        matches = [
            self._words(hypothesis) == self._words(reference)
            for hypothesis, reference in zip(hypotheses, references, strict=True)
        ]
        for group, rows in groups.items():
            scores[group]["exact_match"] = sum(matches[row] for row in rows) / len(rows)
        return scores

    def bleu_by_group(self, hypotheses: Sequence[str], references: Sequence[str], groups: Groups) -> dict[str, Figures]:
        """BLEU alone of each group, as `{"bleu": ...}`. Raises as `by_group`."""
        return self._score({"bleu": self._bleu}, hypotheses, references, groups)

    def signatures(self) -> dict[str, str]:
        """How sacreBLEU itself describes each figure, to be quoted beside it."""
        signatures = {}
        for name, metric in {"bleu": self._bleu, **self._others}.items():
            # A signature counts the references, which a metric only knows after it has scored something.
            metric.corpus_score(["a"], [["a"]])
            signatures[name] = str(metric.get_signature())
        return signatures

    @staticmethod
    def _score(
        metrics: Mapping[str, Metric], hypotheses: Sequence[str], references: Sequence[str], groups: Groups
    ) -> dict[str, Figures]:
        if len(hypotheses) != len(references):
            raise ShapeError(
                f"Every hypothesis is scored against one reference, but there are {len(hypotheses)} hypotheses and "
                f"{len(references)} references: pass the two in the same order and number."
            )
        if empty := [group for group, rows in groups.items() if not rows]:
            raise DataError(
                f"A score needs at least one sentence, but the group {empty[0]} has none: "
                "choose a split or a range of lengths that has some."
            )
        scores: dict[str, Figures] = {group: {} for group in groups}
        for name, metric in metrics.items():
            # sacreBLEU's corpus_score is these two calls in one: compare sentence by sentence, then add up.
            sentences = metric._extract_corpus_statistics(hypotheses, [references])
            for group, rows in groups.items():
                scores[group][name] = float(metric._aggregate_and_compute([sentences[row] for row in rows]).score)
        return scores

    def _words(self, text: str) -> list[str]:
        return (text.lower() if self._lowercase else text).split()
