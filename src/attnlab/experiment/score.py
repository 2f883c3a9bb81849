"""How a trained model is scored on a split, and what is left of it."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from jaxtyping import Int
from omegaconf import DictConfig
from rich.console import Console
from rich.progress import track
from torch import Tensor

from attnlab.data.lengths import word_count
from attnlab.data.pharaoh import GoldAlignment, read_gold, read_gold_file, write_links
from attnlab.data.prepare import PreparedData
from attnlab.data.selection import texts
from attnlab.decoding.protocol import Hypothesis, Search, SearchState, StepModel
from attnlab.evaluation.alignment_judge import ALIGNMENT_COLUMNS, AlignmentJudge
from attnlab.evaluation.answer import Answer, answer
from attnlab.evaluation.by_length import metric_name
from attnlab.evaluation.judge import SplitJudge, in_order
from attnlab.experiment.build import buckets_of, build_datamodule, build_judge, build_search
from attnlab.experiment.results import (
    Results,
    Translation,
    results_table,
    write_results,
    write_translations,
)
from attnlab.seq2seq.model import Seq2Seq

log = logging.getLogger(__name__)

S = TypeVar("S", bound=SearchState)


@dataclass(frozen=True)
class Scored:
    """A model's answers to a split, by row, and what they are worth; `alignment` has measured their attention."""

    answers: list[Answer]
    alignment: AlignmentJudge
    translations: list[Translation]
    metrics: dict[str, float]
    signatures: dict[str, str]


def score(
    config: DictConfig, model: Seq2Seq, prepared: PreparedData, split: str, *, gold_file: Path | None = None
) -> Scored:
    """Translates a whole split with `config.search` and scores it, overall and by source length.

    Args:
        config: of the run, perhaps with other data or another search.
        model: on its device.
        prepared: holds the split.
        split: which one.
        gold_file: gold alignments in Pharaoh format, instead of those of the corpus.

    Raises:
        DataError: before anything is translated, if a gold alignment is spoilt.
    """
    search, judge = _Timed(build_search(config)), build_judge(config, prepared, split)
    alignment = build_alignment_judge(config, prepared, split, gold_file)
    loader = build_datamodule(config, prepared).loader(split)
    device = next(model.parameters()).device
    answers: list[Answer] = []
    model.eval()
    with torch.inference_mode():
        for batch in track(loader, description=f"translating {split}", total=len(loader), transient=True):
            answers += answer(model, batch.to(device), search, keep_weights=True)
    ordered = in_order(answers, len(prepared.splits[split]))
    return Scored(
        answers=ordered,
        alignment=alignment,
        translations=_translations(ordered, judge, alignment),
        metrics=judge(ordered, split) | alignment(ordered, split) | {f"{split}/tokens_per_second": search.rate},
        signatures=judge.scores.signatures(),
    )


class _Timed(Search):
    """A search, and how many tokens of its best hypotheses it finds in a second, EOS counted; encoding is not."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._tokens = 0
        self._seconds = 0.0

    def __call__(self, model: StepModel[S], state: S, source_lengths: Int[Tensor, " batch"]) -> list[list[Hypothesis]]:
        """Searches by the clock. What it returns lies in main memory, so a GPU has done its work by then."""
        began = time.perf_counter()
        found = self._search(model, state, source_lengths)
        self._seconds += time.perf_counter() - began
        self._tokens += sum(len(best.tokens) + best.finished for best, *_ in found)
        return found

    @property
    def rate(self) -> float:
        return self._tokens / self._seconds


def build_alignment_judge(
    config: DictConfig, prepared: PreparedData, split: str, gold_file: Path | None = None
) -> AlignmentJudge:
    """Measures the attention to one split, against the gold alignments of the file or else of the corpus, if any.

    Raises:
        DataError: a gold alignment is spoilt.
    """
    rows = prepared.splits[split]
    sources, references = texts(rows, "source"), texts(rows, "target")
    sizes = [(word_count(source), word_count(target)) for source, target in zip(sources, references, strict=True)]
    gold: list[GoldAlignment] | None = None
    if gold_file is not None:
        gold = read_gold_file(gold_file, sizes, counted=f"{split}: {prepared.reports[split]}")
    elif "alignment" in rows.column_names:
        gold = [
            read_gold(text, source_size=source, target_size=target, place=f"the alignment of pair {number} of {split}")
            for number, (text, (source, target)) in enumerate(
                zip(texts(rows, "alignment"), sizes, strict=True), start=1
            )
        ]
    if gold is not None and not all(one.known for one in gold):
        log.info("%s: gold alignments of %d of %d pairs", split, sum(one.known for one in gold), len(gold))
    return AlignmentJudge(sources, references, prepared.tokenizers, buckets_of(config), gold)


def leave_results(
    folder: Path, scored: Scored, metrics: dict[str, float], run: dict[str, Any], environment: dict[str, Any]
) -> None:
    """Writes metrics.json and translations.jsonl into `folder`."""
    write_translations(folder, scored.translations)
    write_results(folder, Results(metrics, scored.signatures, run, environment))


def print_table(config: DictConfig, metrics: dict[str, float], split: str, title: str) -> None:
    """The scores by source length, on the terminal, and after them what its attention is worth if there is any."""
    names = list(config.data.length.buckets)
    Console().print(results_table(metrics, stage=split, names=names, title=title))
    if attended(metrics, split):
        Console().print(results_table(metrics, stage=split, names=names, title="alignment", columns=ALIGNMENT_COLUMNS))


def attended(metrics: Mapping[str, float], split: str) -> bool:
    """Whether there is anything to tell of attention."""
    return any(metric_name(split, column) in metrics for column in ALIGNMENT_COLUMNS)


def _translations(answers: Sequence[Answer], judge: SplitJudge, alignment: AlignmentJudge) -> list[Translation]:
    gold: list[str | None] = [None] * len(answers)
    if alignment.gold is not None:
        gold = [write_links(one.sure) if one.known else None for one in alignment.gold]
    return [
        Translation(
            source=source,
            reference=reference,
            hypothesis=hypothesis,
            log_prob=found.hypotheses[0].log_prob,
            source_length=length,
            reference_length=len(reference.split()),
            hypothesis_length=len(hypothesis.split()),
            bucket=judge.buckets.of(length),
            gold=links,
        )
        for found, source, reference, hypothesis, length, links in zip(
            answers,
            alignment.sources,
            judge.references,
            judge.translations(answers),
            judge.source_lengths,
            gold,
            strict=True,
        )
    ]
