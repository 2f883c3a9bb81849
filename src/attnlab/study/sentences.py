"""What every run says to each sentence of the test, as counts from which BLEU of any selection is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, Final

from attnlab.errors import RunError
from attnlab.evaluation.significance import Statistics, bleu_of, bleu_statistics
from attnlab.experiment.layout import TRANSLATIONS_FILE
from attnlab.experiment.results import Translation, read_translations
from attnlab.study.provenance import relative_path
from attnlab.study.records import Record
from attnlab.study.settings import setting

SEED: Final = 1
"""Of the draws of sentences: the same table gives the same figures."""


@dataclass(frozen=True)
class Sentences:
    """The test sentences, which all runs share, and what each run made of them.

    Attributes:
        sources: text of each.
        references: its translation.
        lengths: words of each source.
        buckets: name of the bucket that each source's length lies in, if any.
        gold: sure links of each source and reference in Pharaoh format, where known.
        statistics: folder of a run -> counts of its hypotheses.
    """

    sources: list[str]
    references: list[str]
    lengths: list[int]
    buckets: list[str | None]
    gold: list[str | None]
    statistics: dict[Path, Statistics]

    def bleu(self, record: Record, rows: Sequence[int]) -> float:
        """Corpus BLEU of some sentences."""
        return float(bleu_of(self.statistics[record.folder][list(rows)].sum(axis=0)))


def read_sentences(records: Sequence[Record]) -> Sentences | str:
    """The sentences of finished runs; or why they cannot be had.

    Raises:
        RunError: runs were tested on different sentences, or a file of translations is spoilt.
    """
    missing = [record.folder for record in records if not (record.folder / TRANSLATIONS_FILE).exists()]
    if missing:
        first_missing = relative_path(missing[0])
        return f"{len(missing)} of {len(records)} runs have no {TRANSLATIONS_FILE} (the first: {first_missing})"
    said = [read_translations(record.folder) for record in records]
    for record, translations in zip(records, said, strict=True):
        expected = record.known("test/sentences")
        if not translations or (expected is not None and len(translations) != expected):
            raise RunError(
                f"{TRANSLATIONS_FILE} has a line for each test sentence, but in {relative_path(record.folder)} it has "
                f"{len(translations):,} for {expected or 1:,.0f}: restore it, or leave the run out."
            )
    first = [(one.source, one.reference) for one in said[0]]
    for record, translations in zip(records, said, strict=True):
        own = [(one.source, one.reference) for one in translations]
        if own != first:
            number = next(number for number, (a, b) in enumerate(zip_longest(first, own), start=1) if a != b)
            both = " and ".join(relative_path(one.folder) for one in (records[0], record))
            raise RunError(
                f"all rows are tested on the same sentences, but {TRANSLATIONS_FILE} of {both} differ first in line "
                f"{number}: compare these runs apart, with runs=[FOLDER,FOLDER]."
            )
    scoring = setting(records[0].config, "data.scoring")
    if scoring is None:
        return f"the configuration of {relative_path(records[0].folder)} does not say how it was scored"
    if scoring.get("effective_order"):
        return "BLEU of these runs has effective_order=true, and such BLEU is not tested here"
    return Sentences(
        sources=[source for source, _ in first],
        references=[reference for _, reference in first],
        lengths=[one.source_length for one in said[0]],
        buckets=[one.bucket for one in said[0]],
        gold=[next((one.gold for one in same if one.gold is not None), None) for same in zip(*said, strict=True)],
        statistics=dict(zip((record.folder for record in records), _count(scoring, said), strict=True)),
    )


def _count(scoring: dict[str, Any], said: Sequence[Sequence[Translation]]) -> list[Statistics]:
    """Counts for each run; what several runs say alike is counted once."""
    pairs = list(dict.fromkeys((one.hypothesis, one.reference) for one in chain(*said)))
    hypotheses, references = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    table = bleu_statistics(hypotheses, references, tokenize=scoring["tokenize"], lowercase=scoring["lowercase"])
    places = {pair: place for place, pair in enumerate(pairs)}
    return [table[[places[one.hypothesis, one.reference] for one in translations]] for translations in said]
