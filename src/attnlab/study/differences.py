"""Which rows differ by more than noise, by paired bootstrap over sentences and seeds, corrected for their number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

import numpy as np

from attnlab.evaluation.intervals import CONFIDENCE
from attnlab.evaluation.significance import Difference, compare_systems, drop, holm
from attnlab.study.columns import UNKNOWN
from attnlab.study.rows import Row
from attnlab.study.sentences import Sentences

LEVEL: Final = 0.05
"""Of a test: how often it may see a difference where there is none."""
_SEED: Final = 1
"""Of the draws of sentences: the same table gives the same figures."""


@dataclass(frozen=True)
class Verdict:
    """A difference in BLEU, and its p-value corrected for all that were made with the same row (Holm 1979)."""

    difference: Difference
    p_value: float

    @property
    def significant(self) -> bool:
        """Whether it is told apart from 0."""
        return self.p_value < LEVEL

    @property
    def figures(self) -> list[float]:
        """Mean, both ends of the interval, and the corrected p-value."""
        return [self.difference.mean, self.difference.low, self.difference.high, self.p_value]


@dataclass(frozen=True)
class Differences:
    """All comparisons of a table.

    Attributes:
        baseline: name of the row that others are compared with.
        best: name of the row with the highest BLEU.
        to_baseline: name of each other row -> its BLEU minus that of the baseline.
        to_best: name of each other row -> BLEU of the best minus its own.
        lost: name of a row -> BLEU on the shortest sources minus that on the longest.
        buckets: names of shortest and longest.
    """

    baseline: str
    best: str
    to_baseline: Mapping[str, Verdict]
    to_best: Mapping[str, Verdict]
    lost: Mapping[str, Difference]
    buckets: tuple[str, str]

    def text(self, name: str) -> str:
        """`+52.74 [51.60, 53.88] *` for a row, with the star where it is told apart from the baseline."""
        if name not in self.to_baseline:
            return UNKNOWN
        tested = self.to_baseline[name]
        return f"{tested.difference.mean:+.2f} {interval_text(tested.difference)}{' *' if tested.significant else ''}"

    def explanation(self) -> str:
        """What the column says."""
        seeds = min(each.difference.seeds for each in self.to_baseline.values())
        over = "sentences and seeds" if seeds > 1 else "sentences, and over seeds where a row has several"
        return (
            f"BLEU vs {self.baseline}: difference of the means and its {CONFIDENCE:.0%} interval by paired bootstrap "
            f"over {over}; * where p < {LEVEL}, corrected for {len(self.to_baseline)} comparisons (Holm)"
        )


def interval_text(found: Difference) -> str:
    """`[51.60, 53.88]`."""
    return f"[{found.low:.2f}, {found.high:.2f}]"


def find_differences(rows: Sequence[Row], sentences: Sentences, *, baseline: str) -> Differences:
    """Compares each row with the baseline and with the best.

    Args:
        rows: of the table, at least two.
        sentences: of the test.
        baseline: name of a row.

    Raises:
        DataError: there are less than two sentences.
    """
    runs = {row.name: [sentences.statistics[record.folder] for record in row.records] for row in rows}
    everything, buckets = range(len(sentences.sources)), rows[0].records[0].buckets
    means = {row.name: fmean(sentences.bleu(record, everything) for record in row.records) for row in rows}
    best = max(means, key=lambda name: means[name])
    shortest, longest = (
        np.array([place for place, each in enumerate(sentences.buckets) if each == name], dtype=np.int64)
        for name in (buckets[0], buckets[-1])
    )
    apart = len(buckets) > 1 and min(len(shortest), len(longest)) > 1
    return Differences(
        baseline=baseline,
        best=best,
        to_baseline=_verdicts(
            {name: compare_systems(own, runs[baseline], seed=_SEED) for name, own in runs.items() if name != baseline}
        ),
        to_best=_verdicts(
            {name: compare_systems(runs[best], own, seed=_SEED) for name, own in runs.items() if name != best}
        ),
        lost={name: drop(own, shortest, longest, seed=_SEED) for name, own in runs.items()} if apart else {},
        buckets=(buckets[0], buckets[-1]),
    )


def _verdicts(found: Mapping[str, Difference]) -> dict[str, Verdict]:
    corrected = holm([each.p_value for each in found.values()])
    return {name: Verdict(each, p_value) for (name, each), p_value in zip(found.items(), corrected, strict=True)}
