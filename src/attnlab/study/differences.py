"""Which rows differ by more than noise, by paired bootstrap over sentences and seeds, corrected for their number."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from statistics import fmean
from typing import Final, NamedTuple, TypeVar

import numpy as np
from jaxtyping import Int

from attnlab.evaluation.intervals import CONFIDENCE
from attnlab.evaluation.significance import (
    Difference,
    Statistics,
    bleu_of,
    compare_drops,
    compare_systems,
    drop,
    holm,
)
from attnlab.study.baseline import Baseline
from attnlab.study.columns import UNKNOWN
from attnlab.study.rows import Row
from attnlab.study.sentences import SEED, Sentences
from attnlab.study.size_figure import Lines

LEVEL: Final = 0.05
"""Of a test: how often it may see a difference where there is none."""
Runs = Mapping[str, Sequence[Statistics]]
"""Name of a row -> what its seeds counted in each sentence."""
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Verdict:
    """A difference in BLEU, and its p-value corrected for all that were made with it."""

    difference: Difference
    p_value: float

    @property
    def significant(self) -> bool:
        """Whether it is told apart from 0."""
        return self.p_value < LEVEL

    @property
    def of_one_seed(self) -> bool:
        """Whether it knows nothing of other seeds."""
        return self.difference.seeds == 1

    @property
    def of_one_seed_beside_several(self) -> bool:
        """Whether the seeds of one row stand for those of the other, too."""
        return self.difference.fewest_seeds == 1 < self.difference.seeds

    @property
    def figures(self) -> list[float]:
        """Mean, both ends of the interval, and the corrected p-value."""
        return [self.difference.mean, self.difference.low, self.difference.high, self.p_value]

    def text(self) -> str:
        """`+52.74 [51.60, 53.88] *`, marked where it is told apart from 0: † or ‡ if a row has one seed."""
        mark = " †" if self.of_one_seed else " ‡" if self.of_one_seed_beside_several else " *"
        return f"{self.difference.mean:+.2f} {interval_text(self.difference)}{mark if self.significant else ''}"


class Verdicts(NamedTuple):
    """Comparisons of rows on the same sentences.

    Attributes:
        best: name of the row with the highest BLEU.
        to_best: name of each other row -> BLEU of the best minus its own.
        to_baseline: name of each row with a baseline -> its BLEU minus that of the baseline.
    """

    best: str
    to_best: Mapping[str, Verdict]
    to_baseline: Mapping[str, Verdict]


@dataclass(frozen=True)
class Differences:
    """All comparisons of a table.

    Attributes:
        baseline: what rows are compared with.
        overall: on all sentences.
        by_length: on the sources of the first and of the last bucket alone, by name of the bucket.
        lost: name of a row -> BLEU on the shortest sources minus that on the longest.
        lost_more: name of each row with a baseline -> what it loses so minus what the baseline does.
        grown: rows that differ in nothing but the hidden size -> metric -> BLEU of the largest minus that of the
            smallest.
        buckets: names of shortest and longest.
    """

    baseline: Baseline
    overall: Verdicts
    by_length: Mapping[str, Verdicts]
    lost: Mapping[str, Difference]
    lost_more: Mapping[str, Verdict]
    grown: Mapping[str, Mapping[str, Verdict]]
    buckets: tuple[str, str]

    @property
    def by_metric(self) -> dict[str, Verdicts]:
        """All that was tested on sentences: BLEU overall, and of the first and the last bucket."""
        return {"test/bleu": self.overall, **{f"test/bleu/{bucket}": own for bucket, own in self.by_length.items()}}

    def text(self, name: str) -> str:
        """The difference of a row from the baseline."""
        found = self.overall.to_baseline.get(name)
        return UNKNOWN if found is None else found.text()

    def explanation(self) -> str:
        """What the column says."""
        number = self.pairs if self.baseline.picked else len(self.overall.to_baseline)
        family = f"all {number} pairs of rows" if self.baseline.picked else f"{number} comparisons (Holm)"
        return (
            f"BLEU vs {self.baseline.told}: difference of the means and its {CONFIDENCE:.0%} interval by "
            f"paired bootstrap over sentences and seeds; * where p < {LEVEL}"
            + (f", corrected for {family}" if number > 1 else "")
            + (f", for {' and for '.join(self.by_length)} sources anew" if self.by_length else "")
            + marks_told(self.made)
        )

    @property
    def made(self) -> list[Verdict]:
        """The comparisons overall."""
        return [*self.overall.to_baseline.values(), *self.overall.to_best.values()]

    @property
    def of_one_seed(self) -> bool:
        """Whether some comparison knows nothing of other seeds."""
        return any(each.of_one_seed for each in self.made)

    @property
    def of_one_seed_beside_several(self) -> bool:
        """Whether in some comparison the seeds of one row stand for those of the other."""
        return any(each.of_one_seed_beside_several for each in self.made)

    @property
    def pairs(self) -> int:
        """Of rows: as many comparisons are looked at where a row is picked by its score."""
        return comb(len(self.overall.to_best) + 1, 2)


def marks_told(made: Sequence[Verdict]) -> str:
    """What † and ‡ mean, as far as some comparison has such rows."""
    marks = {
        "; † the same over sentences alone, where both rows have one seed": any(each.of_one_seed for each in made),
        "; ‡ where one row has one seed, which is taken to vary as the seeds of the other do": any(
            each.of_one_seed_beside_several for each in made
        ),
    }
    return "".join(text for text, there in marks.items() if there)


def interval_text(found: Difference) -> str:
    """`[51.60, 53.88]`."""
    return f"[{found.low:.2f}, {found.high:.2f}]"


def find_differences(
    rows: Sequence[Row], sentences: Sentences, *, baseline: Baseline, lines: Lines | None = None
) -> Differences:
    """Compares each row with its baseline and with the best, and the largest of several hidden sizes with the smallest.

    The best is picked by the very scores that are then tested, so these tests are corrected for all pairs of rows
    (Bonferroni); those with a baseline that was chosen beforehand, for their number (Holm 1979). Each part of the
    sentences has corrections of its own; sizes are corrected for all of their tests together.

    Args:
        rows: of the table, at least two.
        sentences: of the test.
        baseline: what rows are compared with.
        lines: rows over hidden sizes.

    Raises:
        DataError: there are less than two sentences.
    """
    runs = {row.name: [sentences.statistics[record.folder] for record in row.records] for row in rows}
    pairs = comb(len(rows), 2)
    places = [
        np.array([place for place, each in enumerate(sentences.buckets) if each == name], dtype=np.int64)
        for name in rows[0].records[0].buckets
    ]
    buckets = [(name, own) for name, own in zip(rows[0].records[0].buckets, places, strict=True) if len(own) > 1]
    parts = {name: _part(runs, own) for name, own in (buckets[0], buckets[-1])} if len(buckets) > 1 else {}
    lost, lost_more = {}, {}
    if parts:
        ends = buckets[0][1], buckets[-1][1]
        lost = {name: drop(own, *ends, seed=SEED) for name, own in runs.items()}
        lost_more = {
            name: compare_drops(runs[name], runs[other], *ends, seed=SEED) for name, other in baseline.against.items()
        }
    return Differences(
        baseline=baseline,
        overall=_test(runs, baseline, pairs),
        by_length={name: _test(own, baseline, pairs) for name, own in parts.items()},
        lost=lost,
        lost_more=_verdicts(lost_more, pairs if baseline.picked else None),
        grown=_over_sizes(
            {"test/bleu": runs, **{f"test/bleu/{name}": own for name, own in parts.items()}}, lines or {}
        ),
        buckets=(buckets[0][0], buckets[-1][0]) if buckets else ("", ""),
    )


def _part(runs: Runs, places: Int[np.ndarray, " part"]) -> Runs:
    """Some of the sentences."""
    return {name: [run[places] for run in own] for name, own in runs.items()}


def _test(runs: Runs, baseline: Baseline, pairs: int) -> Verdicts:
    """The row with the highest mean BLEU against each other, and each against its baseline."""
    means = {name: fmean(float(bleu_of(run.sum(axis=0))) for run in own) for name, own in runs.items()}
    best = max(means, key=lambda name: means[name])
    to_best = {name: compare_systems(runs[best], own, seed=SEED) for name, own in runs.items() if name != best}
    to_baseline = {
        name: compare_systems(runs[name], runs[other], seed=SEED) for name, other in baseline.against.items()
    }
    return Verdicts(best, _verdicts(to_best, pairs), _verdicts(to_baseline, pairs if baseline.picked else None))


def _over_sizes(parts: Mapping[str, Runs], lines: Lines) -> dict[str, dict[str, Verdict]]:
    """The largest size against the smallest, on all sentences and on parts of them, corrected for their number."""
    ends = {name: (rows[max(rows)].name, rows[min(rows)].name) for name, rows in lines.items()}
    found = {
        (name, metric): compare_systems(runs[largest], runs[smallest], seed=SEED)
        for name, (largest, smallest) in ends.items()
        for metric, runs in parts.items()
    }
    tested = _verdicts(found, None)
    return {name: {metric: tested[name, metric] for metric in parts} for name in lines}


def _verdicts(found: Mapping[Key, Difference], pairs: int | None) -> dict[Key, Verdict]:
    """Corrected for so many pairs of rows, or else by Holm's method for their number."""
    values = [each.p_value for each in found.values()]
    corrected = holm(values) if pairs is None else [min(1.0, pairs * value) for value in values]
    return {name: Verdict(each, p_value) for (name, each), p_value in zip(found.items(), corrected, strict=True)}
