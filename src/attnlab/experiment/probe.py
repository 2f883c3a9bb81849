"""What the memory states of a trained run stand for, measured beside the same network with random weights."""

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch
from omegaconf import DictConfig, open_dict
from rich.console import Console
from rich.progress import track
from torch import Tensor

from attnlab.data.prepare import check_split
from attnlab.errors import ConfigError
from attnlab.evaluation.by_length import OVERALL, metric_name, rows_by_length
from attnlab.evaluation.gradient_share import equal_shares, gradient_shares
from attnlab.evaluation.intervals import Estimate
from attnlab.evaluation.linear_readout import guess_beside, read_out
from attnlab.evaluation.pictures import save_figure
from attnlab.evaluation.probe import (
    NO_WORD,
    ProbedSentence,
    Reader,
    mean_over_states,
    memory_states,
    offset_names,
    word_identities,
)
from attnlab.evaluation.probe_plot import draw_probe
from attnlab.experiment.build import buckets_of, build_model, prepare_data
from attnlab.experiment.probe_table import (
    EQUAL,
    KEYS,
    MAJORITY,
    OWN_WORD,
    TRAINED,
    UNTRAINED,
    table_by_bucket,
    table_by_offset,
)
from attnlab.experiment.quiet import quiet_libraries
from attnlab.experiment.rehearsal import try_model
from attnlab.experiment.results import Results, environment, short_path, write_results
from attnlab.experiment.run_folder import Run, open_run
from attnlab.seq2seq.model import Seq2Seq
from attnlab.text.trainers import FixedTokenizers

log = logging.getLogger(__name__)

Step = TypeVar("Step")
FOLDER = "probe"
PICTURE = "probe.png"
_LEAST = {"sentences": 3, "gradient_sentences": 2, "reach": 1, "vectors": 1, "folds": 3, "seed": 0}
_BATCH = 32
"""Sentences read at once; times `vectors` for gradients."""


@dataclass(frozen=True)
class Measured:
    """One quantity of some sentences: sums over their states and how many those were, (sentences, offsets)."""

    sums: Tensor
    counts: Tensor

    def estimate(self, rows: Sequence[int]) -> list[Estimate]:
        """For each offset the mean over the states of some of the sentences."""
        return mean_over_states(self.sums[list(rows)], self.counts[list(rows)])


def probe(config: DictConfig) -> float:
    """Measures, prints, leaves the results, and returns the trained model's gradient share of the own word."""
    quiet_libraries()
    _check(config)
    run, device = open_run(config)
    own = FOLDER if config.split == "test" else f"{FOLDER}_{config.split}"
    folder = run.folder / own if config.output is None else Path(str(config.output))
    sentences, lengths = _sentences(config, run)
    count = min(config.gradient_sentences, len(sentences))
    log.info("run: %s, %s split of %s", run.folder, config.split, run.config.data.name)
    log.info("%d sentences for the read-out, %d of them for the gradients", len(sentences), count)
    models = {TRAINED: run.model.to(device), UNTRAINED: _untrained(config, run).to(device)}
    readers = {name: Reader.of(model) for name, model in models.items()}
    shares = _shares(config, readers, sentences[:count], device)
    accuracies = _accuracies(config, readers, sentences, device)
    groups = rows_by_length(lengths, buckets_of(run.config))
    near = {bucket: [row for row in rows if row < count] for bucket, rows in groups.items()}
    metrics = {
        **_metrics(config, "gradient_share", shares, near, beyond=True),
        **_metrics(config, "readout_accuracy", accuracies, groups, beyond=False),
    }
    for bucket, rows in groups.items():
        metrics[metric_name(config.split, "sentences", bucket)] = float(len(rows))
        metrics[metric_name(config.split, "gradient_sentences", bucket)] = float(len(near[bucket]))
    about = {
        "run": short_path(run.folder),
        "model": run.config.model.name,
        "data": run.config.data.name,
        "seed": run.config.seed,
        "probe": {name: value for name, value in config.items() if name != "paths"},
    }
    write_results(folder, Results(metrics, {}, about, environment(precision="32-true", device=device)))
    title = f"{run.config.model.name} on {config.split} of {run.config.data.name}"
    drawn = draw_probe(
        {name: measured.estimate(near[OVERALL]) for name, measured in shares.items()},
        {name: measured.estimate(groups[OVERALL]) for name, measured in accuracies.items()},
        reach=config.reach,
        title=f"{title}: {len(sentences):,} sentences, {count:,} for gradients; bars are 95 % intervals",
    )
    save_figure(drawn, folder / PICTURE)
    Console().print(table_by_offset(metrics, stage=config.split, reach=config.reach, title=title))
    Console().print(table_by_bucket(metrics, stage=config.split, names=list(groups)))
    log.info("results: %s", short_path(folder))
    return metrics[metric_name(config.split, "gradient_share/trained/0")]


def _check(config: DictConfig) -> None:
    """Looks at the values that belong to no component.

    Raises:
        ConfigError: one of them cannot be meant.
    """
    check_split(config.split)
    for name, least in _LEAST.items():
        if type(config[name]) is not int or config[name] < least:
            raise ConfigError(f"{name} is a whole number from {least}, not {config[name]!r}: leave it out or raise it.")


def _sentences(config: DictConfig, run: Run) -> tuple[list[ProbedSentence], list[int]]:
    """Sentences drawn from the split of the run's own data, and the words of each.

    Raises:
        ConfigError: there are fewer than folds.
    """
    own = run.config.copy()
    with open_dict(own):
        own.split = config.split
        own.paths.cache = config.paths.cache
    prepared = prepare_data(own, FixedTokenizers(run.tokenizers))
    try_model(run.model, prepared)
    split = prepared.splits[config.split]
    order = torch.randperm(len(split), generator=torch.Generator().manual_seed(config.seed))
    chosen = split.select(order[: config.sentences].tolist())
    if len(chosen) < config.folds:
        raise ConfigError(
            f"every fold of the read-out needs a sentence, but there are {len(chosen)} sentences for {config.folds} "
            "folds: raise sentences, lower folds, or choose another split."
        )
    indices = run.tokenizers.source.word_indices
    found = [ProbedSentence(row["source_ids"], indices(row["source"])) for row in chosen]
    return found, list(chosen["source_words"])


def _untrained(config: DictConfig, run: Run) -> Seq2Seq:
    """The run's network as it is before training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return build_model(run.config.copy(), run.tokenizers).eval()


def _shares(
    config: DictConfig, readers: Mapping[str, Reader], sentences: Sequence[ProbedSentence], device: torch.device
) -> dict[str, Measured]:
    """Gradient shares of each model, and what they were if every word had the same; offsets with all beyond."""
    states = torch.tensor([[float(len(each.tokens))] for each in sentences], dtype=torch.float64)
    counts = states.expand(-1, 2 * config.reach + 3)
    measured = {}
    for name, reader in readers.items():
        generator = torch.Generator().manual_seed(config.seed)
        sums = torch.empty_like(counts)
        for rows in _track(_batches(sentences), f"gradients, {name}"):
            sums[rows] = gradient_shares(
                reader,
                [sentences[row] for row in rows],
                reach=config.reach,
                num_vectors=config.vectors,
                generator=generator,
                device=device,
            )
        measured[name] = Measured(sums, counts)
    return {**measured, EQUAL: Measured(equal_shares(sentences, config.reach), counts)}


def _accuracies(
    config: DictConfig, readers: Mapping[str, Reader], sentences: Sequence[ProbedSentence], device: torch.device
) -> dict[str, Measured]:
    """How often the read-out of each model is right, and how often guesses without a model are, by offset."""
    words = word_identities(sentences, config.reach)
    own = words[:, config.reach]
    read = partial(read_out, num_classes=int(words.max()) + 1)
    ways: dict[str, tuple[Tensor, Callable[[Tensor, Tensor, Tensor], Tensor]]] = {
        **{name: (_memory(reader, sentences, device), read) for name, reader in readers.items()},
        OWN_WORD: (own, guess_beside),
        MAJORITY: (torch.zeros_like(own), partial(guess_beside, backoffs=[0.0])),
    }
    sentence_of = torch.tensor([row for row, each in enumerate(sentences) for _ in each.tokens])
    shape = (len(sentences), words.shape[1])
    counts = torch.zeros(shape, dtype=torch.float64).index_add_(0, sentence_of, (words != NO_WORD).double())
    sums = {name: torch.full(shape, torch.nan, dtype=torch.float64) for name in ways}
    for name, (inputs, guess) in ways.items():
        for column in _track(range(words.shape[1]), f"read-out, {name}"):
            there = words[:, column] != NO_WORD
            folds = sentence_of[there] % config.folds
            if len(folds.unique()) < config.folds:  # too few sentences are as long as that
                continue
            right = guess(inputs[there], words[there, column], folds)
            zeros = torch.zeros(shape[0], dtype=torch.float64)
            sums[name][:, column] = zeros.index_add_(0, sentence_of[there], right.double())
    return {name: Measured(each, counts) for name, each in sums.items()}


def _memory(reader: Reader, sentences: Sequence[ProbedSentence], device: torch.device) -> Tensor:
    """All memory states in the order of the sentences."""
    found: dict[int, Tensor] = {}
    for rows in _batches(sentences):
        found |= dict(zip(rows, memory_states(reader, [sentences[row] for row in rows], device), strict=True))
    return torch.cat([found[row] for row in range(len(sentences))])


def _track(steps: Sequence[Step], description: str) -> Iterable[Step]:
    """The steps with a progress bar where somebody watches."""
    return track(steps, description, transient=True, disable=not Console().is_terminal)


def _batches(sentences: Sequence[ProbedSentence]) -> list[list[int]]:
    """Rows of sentences of similar length."""
    order = sorted(range(len(sentences)), key=lambda row: len(sentences[row].tokens))
    return [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]


def _metrics(
    config: DictConfig,
    metric: str,
    measured: Mapping[str, Measured],
    groups: Mapping[str, Sequence[int]],
    *,
    beyond: bool,
) -> dict[str, float]:
    """`<split>/<metric>/<model>/<offset>[/<bucket>]`, and half of each 95 % interval under `<metric>_half_width`."""
    metrics: dict[str, float] = {}
    for name, each in measured.items():
        for bucket, rows in groups.items():
            for offset, found in zip(offset_names(config.reach, beyond=beyond), each.estimate(rows), strict=True):
                half_width = math.nan if found.half_width is None else found.half_width
                for suffix, value in (("", found.mean), ("_half_width", half_width)):
                    full = f"{metric}{suffix}/{KEYS[name]}/{offset}"
                    metrics[metric_name(config.split, full, bucket)] = value
    return metrics
