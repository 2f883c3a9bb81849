"""How a corpus becomes token ids on disk, made once for each combination of data, tokenizers and settings."""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tokenizers

from attnlab.data.corpus import Corpus
from attnlab.data.lengths import word_count
from attnlab.data.notices import notice
from attnlab.data.progress import hide_progress_in_logs, quiet
from attnlab.data.selection import Selection, stream
from attnlab.data.storage import flush
from attnlab.errors import ConfigError, DataError, RunError
from attnlab.text.tokenizer import TokenizerPair
from attnlab.text.trainers import FixedTokenizers, TokenizerTrainer

VERSION: Final = 3
"""Part of every fingerprint: raise it whenever the same input and settings would give other ids or columns."""

SPLITS: Final = ("train", "validation", "test")
_BATCH: Final = 10_000
_WORTH_A_PROCESS: Final = 100_000
"""Pairs that take much longer to tokenise than another process to start."""


def check_split(name: object) -> None:
    """Refuses what is no split.

    Raises:
        ConfigError: with the splits that there are.
    """
    if name not in SPLITS:
        raise ConfigError(f"split is one of {', '.join(SPLITS)}, but it is {name}: choose one.")


@dataclass(frozen=True)
class SplitReport:
    """What became of the pairs of one split; `joined` neighbours were made into one pair before they were counted.

    Attributes:
        total: pairs of the corpus.
        kept: of these.
        dropped: reason -> the others.
        joined: neighbours that became one pair.
        noticed: what is odd -> how many of those that were kept.
    """

    total: int
    kept: int
    dropped: Mapping[str, int]
    joined: int = 1
    noticed: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        text = f"kept {self.kept:,} of {self.total:,}"
        if self.joined > 1:
            text += f" (every {self.joined} joined into one)"
        return f"{text}: {_counted(self.dropped)}" if self.dropped else text

    def describe(self) -> str:
        """The same with what was noticed."""
        return f"{self}; among them {_counted(self.noticed)}" if self.noticed else str(self)


@dataclass(frozen=True)
class PreparedData:
    """A corpus ready for training.

    Attributes:
        splits: rows with `source_ids`, `target_ids` (without BOS and EOS), `source_words` (words of the source before
            tokenisation), `source`, `target` and, where known, `alignment`.
        tokenizers: of both sides, learned from the training split only.
        reports: what was dropped from each split.
        folder: where all of it lies.
    """

    splits: Mapping[str, datasets.Dataset]
    tokenizers: TokenizerPair
    reports: Mapping[str, SplitReport]
    folder: Path

    def describe(self) -> str:
        """One line a split, such as "train: kept 28,990 of 29,000: 10 longer than 50 words; among them 3 repeated"."""
        return "\n".join(f"{split}: {report.describe()}" for split, report in self.reports.items())


def prepare(
    corpus: Corpus,
    trainer: TokenizerTrainer,
    selection: Selection,
    *,
    cache_dir: Path,
    splits: Sequence[str] = SPLITS,
) -> PreparedData:
    """Loads, selects, learns the tokenizers, tokenises; or takes the result of an earlier run.

    An earlier result is taken only if the text of every split, the tokenizer settings and the selection are the same.
    It is written beside its place and renamed, so that a run that was killed leaves nothing that looks whole.

    Args:
        corpus: where the pairs come from.
        trainer: learns from what is selected of the train split; `FixedTokenizers` learns nothing.
        selection: which pairs are kept.
        cache_dir: one folder for each fingerprint lies here.
        splits: those that are needed.

    Raises:
        ConfigError: tokenizers are to be learned without the train split.
        DataError: the corpus cannot be read, or a split is missing or left empty.
        RunError: the cache cannot be read or written.
    """
    if "train" not in splits and not isinstance(trainer, FixedTokenizers):
        raise ConfigError(
            f"Tokenizers are learned from the train split, but only {', '.join(splits)} is prepared: "
            "give FixedTokenizers."
        )
    hide_progress_in_logs()
    raw = corpus.load()
    _check_splits(corpus.name, raw, splits)
    folder = cache_dir / fingerprint({split: raw[split] for split in splits}, trainer, selection)
    if not folder.exists():
        building = cache_dir / f".{folder.name}.{uuid.uuid4().hex[:8]}"
        try:
            building.mkdir(parents=True)
            _build(building, corpus.name, {split: raw[split] for split in splits}, trainer, selection)
            _publish(building, folder)
        except OSError as error:
            raise RunError(
                f"Prepared data is kept in {cache_dir}, which cannot be written ({error}): free some space, or choose "
                "another folder."
            ) from error
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return _read(folder)


def fingerprint(raw: Mapping[str, datasets.Dataset], trainer: TokenizerTrainer, selection: Selection) -> str:
    """Name of the cache folder: a hash of every word of the data and of every setting that shapes the result."""
    digest = hashlib.sha256()
    for setting in (VERSION, tokenizers.__version__, datasets.__version__, trainer, selection):
        digest.update(repr(setting).encode() + b"\n")
    for split, dataset in raw.items():
        digest.update(f"{split} {len(dataset)} {dataset.column_names}\n".encode())
        for batch in dataset.with_format("arrow").iter(batch_size=_BATCH):
            for column in batch.columns:
                text = column.cast(pa.large_string()).combine_chunks()
                digest.update(pc.binary_length(text).to_numpy(zero_copy_only=False).tobytes())
                start, end = np.frombuffer(text.buffers()[1], np.int64)[[text.offset, text.offset + len(text)]]
                digest.update(memoryview(text.buffers()[2] or b"")[start:end])
    return digest.hexdigest()[:20]


def _check_splits(name: str, raw: Mapping[str, datasets.Dataset], splits: Sequence[str]) -> None:
    for split in splits:
        if split not in raw:
            remedy = f"name it with data.splits.{split}, or give its file with 'data.path={{{split}:FILE}}'"
            if split != "train":
                remedy += f", or cut it from train with data.{split}_size=<pairs>"
            raise DataError(f"{name} needs a {split} split, but has only {', '.join(raw) or 'none'}: {remedy}.")
        if len(raw[split]) == 0:
            raise DataError(f"A split holds at least one pair, but {split} of {name} is empty: mend data.path.")


def _build(
    folder: Path,
    name: str,
    raw: Mapping[str, datasets.Dataset],
    trainer: TokenizerTrainer,
    selection: Selection,
) -> None:
    chosen, reports = {}, {}
    for split, dataset in raw.items():
        chosen[split], dropped = selection.apply(dataset, split, folder)
        reports[split] = SplitReport(
            total=len(dataset),
            kept=len(chosen[split]),
            dropped=dict(dropped),
            joined=selection.joined.get(split, 1),
            noticed=notice(chosen[split]),
        )
        if reports[split].kept == 0:
            raise DataError(
                f"A split needs at least one pair, but of {split} in {name} the selection {reports[split]}: widen "
                f"data.length.{split}, or change data.limit, data.sample and data.join."
            )
    learned = chosen.get("train")
    pair = trainer.train(*((stream(learned, side) if learned else []) for side in ("source", "target")))
    splits = {split: _tokenize(dataset, pair, folder / f"{split}.arrow") for split, dataset in chosen.items()}
    datasets.DatasetDict(splits).save_to_disk(str(folder / "splits"))
    for file in folder.glob("*.arrow"):
        file.unlink()
    pair.save(folder / "tokenizers")
    (folder / "reports.json").write_text(json.dumps({split: asdict(report) for split, report in reports.items()}))


def _counted(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())


def _tokenize(dataset: datasets.Dataset, pair: TokenizerPair, file: Path) -> datasets.Dataset:
    ids = datasets.List(datasets.Value("int32"))
    words = datasets.Value("int32")
    features = datasets.Features(source_ids=ids, target_ids=ids, source_words=words, **dataset.features)

    def columns(batch: pa.Table) -> pa.Table:
        sides = {side: batch.column(side).to_pylist() for side in ("source", "target")}
        made = {
            "source_ids": pair.source.encode_batch(sides["source"]),
            "target_ids": pair.target.encode_batch(sides["target"]),
            "source_words": [word_count(text) for text in sides["source"]],
        }
        arrays = [pa.array(values, features.arrow_schema.field(name).type) for name, values in made.items()]
        return pa.table([*arrays, *batch.columns], names=list(features))

    processes = min(os.cpu_count() or 1, len(dataset) // _WORTH_A_PROCESS)
    with quiet():  # about the threads of `tokenizers`, which it stops while there are processes
        tokenized = dataset.with_format("arrow").map(
            columns,
            batched=True,
            num_proc=processes if processes > 1 else None,
            features=features,
            cache_file_name=str(file),
            load_from_cache_file=False,
            new_fingerprint=file.parent.name.strip("."),
        )
    return tokenized.with_format(None)


def _publish(building: Path, folder: Path) -> None:
    """Renames; if another process was faster, its result is as good."""
    flush(building)
    try:
        building.rename(folder)
    except OSError:
        if not folder.exists():
            raise


def _read(folder: Path) -> PreparedData:
    try:
        saved = json.loads((folder / "reports.json").read_text())
        reports = {split: SplitReport(**report) for split, report in saved.items()}
        splits = dict(datasets.load_from_disk(str(folder / "splits")))
        _check_sizes(splits, reports)
        return PreparedData(splits, TokenizerPair.load(folder / "tokenizers"), reports, folder)
    except Exception as error:
        raise RunError(
            f"Prepared data must be whole, but {folder} cannot be read ({type(error).__name__}): delete that folder "
            "and run again."
        ) from error


def _check_sizes(splits: Mapping[str, datasets.Dataset], reports: Mapping[str, SplitReport]) -> None:
    """Arrow takes a file that was cut off for a shorter one."""
    for split, report in reports.items():
        if len(splits[split]) != report.kept:
            raise ValueError(f"{split} has {len(splits[split]):,} pairs, not {report.kept:,}")
