"""How a trained model is scored on a split, and what is left of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig
from rich.console import Console
from rich.progress import track

from attnlab.data.prepare import PreparedData
from attnlab.evaluation.answer import Answer, answer
from attnlab.evaluation.judge import SplitJudge, in_order
from attnlab.experiment.build import build_datamodule, build_judge, build_search
from attnlab.experiment.results import (
    Results,
    Translation,
    environment,
    results_table,
    write_results,
    write_translations,
)
from attnlab.seq2seq.model import Seq2Seq


@dataclass(frozen=True)
class Scored:
    """A model's answers to a split, by row, and what they are worth."""

    answers: list[Answer]
    translations: list[Translation]
    metrics: dict[str, float]
    signatures: dict[str, str]


def score(config: DictConfig, model: Seq2Seq, prepared: PreparedData, split: str) -> Scored:
    """Translates a whole split with `config.search` and scores it, overall and by source length."""
    search, judge = build_search(config), build_judge(config, prepared, split)
    loader = build_datamodule(config, prepared).loader(split)
    device = next(model.parameters()).device
    answers: list[Answer] = []
    model.eval()
    with torch.inference_mode():
        for batch in track(loader, description=f"translating {split}", total=len(loader), transient=True):
            answers += answer(model, batch.to(device), search)
    ordered = in_order(answers, len(prepared.splits[split]))
    return Scored(
        answers=ordered,
        translations=_translations(ordered, judge, list(prepared.splits[split]["source"])),
        metrics=judge(ordered, split),
        signatures=judge.scores.signatures(),
    )


def leave_results(folder: Path, scored: Scored, metrics: dict[str, float], run: dict[str, Any], precision: str) -> None:
    """Writes metrics.json and translations.jsonl into `folder`."""
    write_translations(folder, scored.translations)
    state = environment(precision=precision, folder=Path.cwd())
    write_results(folder, Results(metrics, scored.signatures, run, state))


def print_table(config: DictConfig, metrics: dict[str, float], split: str, title: str) -> None:
    """The scores by source length, on the terminal."""
    names = list(config.data.length.buckets)
    Console().print(results_table(metrics, stage=split, names=names, title=title))


def _translations(answers: Sequence[Answer], judge: SplitJudge, sources: Sequence[str]) -> list[Translation]:
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
        )
        for found, source, reference, hypothesis, length in zip(
            answers, sources, judge.references, judge.translations(answers), judge.source_lengths, strict=True
        )
    ]
