"""Which pairs of a split are kept, by emptiness, length, number and chance; what is dropped is counted."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, compress
from pathlib import Path
from typing import Final

import datasets
import numpy as np
import numpy.typing as npt

from attnlab.data.lengths import LengthBuckets, Range, word_count
from attnlab.data.pharaoh import LINK
from attnlab.data.storage import keep_rows, store_rows
from attnlab.errors import ConfigError, DataError

Dropped = Counter[str]
"""Reason -> number of pairs."""
Rows = npt.NDArray[np.int64]
Lengths = npt.NDArray[np.int32]

_BATCH: Final = 10_000


@dataclass(frozen=True)
class Sample:
    """A random part of a split.

    Args:
        size: pairs; None for as many as the shares allow (or all, without shares).
        shares: bucket name -> how much of the sample lies in it; buckets left out get nothing. None for the shares
            that chance gives.
    """

    size: int | None = None
    shares: Mapping[str, int | float] | None = None


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Everything that decides which pairs of a split are kept.

    In this order: pairs with an empty side go, neighbours are joined, sources of other lengths go, a sample is taken,
    and the rest is cut at the limit. So lengths, sample sizes and limits speak of pairs as the model reads them.

    Args:
        buckets: what a sample's shares refer to.
        refuse_empty: whether a pair with an empty side is an error instead.
        joined: split -> how many neighbours become one pair; 1 where a split is not named.
        lengths: split -> words of the source; all where a split is not named.
        samples: split -> the part that is taken at random; all where a split is not named.
        limits: split -> at most so many pairs; all where a split is not named.
        seed: of the samples. It is no seed of a run: runs that differ in theirs still read the same pairs.
    """

    buckets: LengthBuckets
    refuse_empty: bool = False
    joined: Mapping[str, int] = field(default_factory=dict)
    lengths: Mapping[str, Range] = field(default_factory=dict)
    samples: Mapping[str, Sample] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0

    def apply(self, dataset: datasets.Dataset, split: str, folder: Path) -> tuple[datasets.Dataset, Dropped]:
        """What is kept of a split, and how many pairs were dropped for which reason (joined pairs counted as one).

        The text is never in memory as a whole, only some 25 bytes for each pair, and 100 more for those of a sample.
        New text goes to files in `folder`.
        """
        rows, total = nonempty_rows(dataset, split=split, refuse=self.refuse_empty)
        if split in self.joined:
            file = folder / f"{split}-joined.arrow"
            dataset, dropped = join_neighbours(dataset, rows, self.joined[split], split=split, file=file)
            rows, total = np.arange(len(dataset)), total + dropped
        if split in self.lengths or split in self.samples:
            lengths = source_lengths(dataset)
            if split in self.lengths:
                kept, dropped = filter_lengths(lengths[rows], self.lengths[split])
                rows, total = rows[kept], total + dropped
            if split in self.samples:
                kept, dropped = sample_rows(
                    lengths[rows], self.samples[split], buckets=self.buckets, seed=self.seed, split=split
                )
                rows, total = rows[kept], total + dropped
        limit = self.limits.get(split, len(rows))
        if limit < len(rows):
            total["beyond the limit"] = len(rows) - limit
        return keep_rows(dataset, rows[:limit], folder / f"{split}-kept.arrow"), total


def nonempty_rows(dataset: datasets.Dataset, *, split: str, refuse: bool) -> tuple[Rows, Dropped]:
    """Rows of the pairs that have a word on both sides.

    Raises:
        DataError: there are others, and empty lines are refused.
    """
    source, target = (
        np.fromiter((bool(text.strip()) for text in stream(dataset, side)), np.bool_, len(dataset))
        for side in ("source", "target")
    )
    kept = np.flatnonzero(source & target)
    if refuse and len(kept) < len(dataset):
        row = int(np.argmin(source & target))
        side = "target" if source[row] else "source"
        raise DataError(
            f"Empty lines are refused, but pair {row + 1:,} of split {split} has an empty {side}: mend the corpus, or "
            "set data.empty_lines=drop."
        )
    dropped = Dropped()
    if len(kept) < len(dataset):
        dropped["with an empty side"] = len(dataset) - len(kept)
    return kept, dropped


def filter_lengths(lengths: Lengths, bounds: Range) -> tuple[Rows, Dropped]:
    """Rows whose source has so many words."""
    lowest, highest = bounds
    short, long = lengths < lowest, lengths > (np.inf if highest is None else highest)
    counts = {f"shorter than {lowest} words": int(short.sum()), f"longer than {highest} words": int(long.sum())}
    dropped = Dropped({reason: count for reason, count in counts.items() if count})
    return np.flatnonzero(~(short | long)), dropped


def join_neighbours(
    dataset: datasets.Dataset, rows: Rows, k: int, *, split: str, file: Path
) -> tuple[datasets.Dataset, Dropped]:
    """Every k neighbours among some rows as one, with a space between, written to `file`; alignments are shifted.

    Dropped are the pairs at the end that do not fill a group; the pairs that were joined are not.

    Raises:
        ConfigError: k is below 1.
        DataError: an alignment is not written as "0-0 1-2" (1p2 or 1?2 for a possible link).
    """
    if k < 1:
        raise ConfigError(f"At least 1 pair is joined into one, but data.join is {k}: raise it.")
    kept = np.isin(np.arange(len(dataset)), rows)
    names = [name for name in ("source", "target", "alignment") if name in dataset.column_names]
    columns = [compress(stream(dataset, name), kept) for name in names]
    places = (f"pair {row + 1:,} of split {split}" for row in rows.tolist())
    joined = store_rows(file, names, _join([places, *columns], k))
    rest = len(rows) % k
    return joined, Dropped({"left over by joining": rest} if rest else {})


def sample_rows(
    lengths: Lengths, sample: Sample, *, buckets: LengthBuckets, seed: int, split: str
) -> tuple[Rows, Dropped]:
    """Rows of a random part of the requested size and distribution of source lengths, in the order of the corpus.

    Raises:
        ConfigError: a share of no bucket, or shares that do not add up to something.
        DataError: the split, or a bucket of it, holds too few pairs.
    """
    if sample.shares is None:
        wanted = {"": len(lengths) if sample.size is None else sample.size}
        pools = {"": np.arange(len(lengths))}
    else:
        pools = {name: filter_lengths(lengths, bounds)[0] for name, bounds in buckets.ranges.items()}
        wanted = _apportion(sample, {name: len(rows) for name, rows in pools.items()}, split)
    chance = random.Random(seed)
    drawn = [np.zeros(0, np.int64)]
    for name, size in wanted.items():
        if size > len(pools[name]):
            where = f"bucket {name} of split {split}" if name else f"split {split}"
            raise DataError(
                f"A sample takes no pair twice, but {size:,} are wanted of the {len(pools[name]):,} in {where}: lower "
                f"data.sample.{split}.size, or change its shares."
            )
        drawn.append(pools[name][chance.sample(range(len(pools[name])), size)])
    kept = np.sort(np.concatenate(drawn))
    return kept, Dropped({"left out by sampling": len(lengths) - len(kept)} if len(kept) < len(lengths) else {})


def texts(dataset: datasets.Dataset, column: str) -> list[str]:
    """A column as a list, read at once: iterating over a `datasets` column decodes row by row, ten times slower."""
    values: list[str] = dataset[column][:]
    return values


def stream(dataset: datasets.Dataset, column: str) -> Iterator[str]:
    """A column text by text, as fast, with only a batch of it in memory."""
    for batch in dataset.select_columns(column).with_format("arrow").iter(_BATCH):
        yield from batch.column(column).to_pylist()


def source_lengths(dataset: datasets.Dataset) -> Lengths:
    """Words of each source."""
    return np.fromiter((word_count(text) for text in stream(dataset, "source")), np.int32, len(dataset))


def _apportion(sample: Sample, available: Mapping[str, int], split: str) -> dict[str, int]:
    """Pairs of each bucket: by largest remainder, so that they add up to the size exactly."""
    shares = dict(sample.shares or {})
    total = sum(shares.values())
    unknown = [name for name in shares if name not in available]
    if unknown or total <= 0 or min(shares.values()) < 0:
        raise ConfigError(
            f"Shares are numbers >= 0 for the buckets {', '.join(available)}, but data.sample.{split}.shares is "
            f"{shares}: mend it."
        )
    wanted = {name: share / total for name, share in shares.items() if share}
    size = sample.size
    if size is None:
        size = min(int(available[name] / share + 1e-9) for name, share in wanted.items())
    counts = {name: int(size * share + 1e-9) for name, share in wanted.items()}
    by_remainder = sorted(wanted, key=lambda name: counts[name] - size * wanted[name])
    for name in by_remainder[: size - sum(counts.values())]:
        counts[name] += 1
    return counts


def _join(columns: Sequence[Iterable[str]], k: int) -> Iterator[list[str]]:
    """Rows of k neighbours each, out of places, sources, targets and, if they are there, alignments."""
    rows = zip(*columns, strict=True)
    for group in zip(*[rows] * k, strict=False):  # the same iterator k times: what does not fill a group is left
        places, sources, targets, *alignments = zip(*group, strict=True)
        sides = [" ".join(sources), " ".join(targets)]
        yield [*sides, _join_alignments(alignments[0], sources, targets, places)] if alignments else sides


def _join_alignments(
    alignments: Sequence[str], sources: Sequence[str], targets: Sequence[str], places: Sequence[str]
) -> str:
    """All links, or none if one of the pairs has none: half an alignment would call good links wrong."""
    if not all(alignment.split() for alignment in alignments):
        return ""
    source_starts = accumulate((word_count(text) for text in sources), initial=0)
    target_starts = accumulate((word_count(text) for text in targets), initial=0)
    links = []
    for alignment, place, source_start, target_start in zip(
        alignments, places, source_starts, target_starts, strict=False
    ):
        for written in alignment.split():
            link = LINK.fullmatch(written)
            if link is None:
                raise DataError(
                    f"An alignment reads like 0-0 1-2, source first, but that of {place} holds {written}: mend the "
                    "alignment column, or set data.corpus.alignment_column=null."
                )
            links.append(f"{int(link[1]) + source_start}{link[2]}{int(link[3]) + target_start}")
    return " ".join(links)
