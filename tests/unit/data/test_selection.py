"""What is kept of a split is what was asked for, and every pair that is not kept is counted."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import datasets
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlab.data.lengths import LengthBuckets
from attnlab.data.selection import (
    Dropped,
    Sample,
    Selection,
    filter_lengths,
    join_neighbours,
    nonempty_rows,
    sample_rows,
    source_lengths,
)
from attnlab.errors import ConfigError, DataError

MakeDataset = Callable[[Sequence[tuple[str, ...]]], datasets.Dataset]
BUCKETS = LengthBuckets({"short": [1, 2], "long": [3, 5]})


def of_length(*lengths: int) -> list[tuple[str, str]]:
    return [(" ".join([f"w{row}"] * length), f"t{row}") for row, length in enumerate(lengths)]


def lengths(*some: int) -> npt.NDArray[np.int32]:
    return np.array(some, np.int32)


def test_pairs_with_an_empty_side_are_dropped_and_counted(make_dataset: MakeDataset) -> None:
    dataset = make_dataset([("a", "b"), ("", "b"), ("a", " \t"), ("\u2028", "\x1c"), ("c", "d")])
    kept, dropped = nonempty_rows(dataset, split="train", refuse=False)
    assert kept.tolist() == [0, 4]
    assert dropped == {"with an empty side": 3}


def test_empty_lines_can_be_refused(make_dataset: MakeDataset) -> None:
    dataset = make_dataset([("a", "b"), ("a", " "), ("", "b")])
    with pytest.raises(DataError, match=r"pair 2 of split train has an empty target: mend .* data.empty_lines=drop"):
        nonempty_rows(dataset, split="train", refuse=True)
    with pytest.raises(DataError, match=r"pair 1 of split train has an empty source"):
        nonempty_rows(make_dataset([("", "")]), split="train", refuse=True)
    kept, dropped = nonempty_rows(make_dataset([("a", "b")]), split="train", refuse=True)
    assert (kept.tolist(), dropped) == ([0], {})


def test_lengths_are_filtered_by_the_source(make_dataset: MakeDataset) -> None:
    kept, dropped = filter_lengths(source_lengths(make_dataset(of_length(1, 2, 3, 4, 9))), (2, 3))
    assert kept.tolist() == [1, 2]
    assert dropped == {"shorter than 2 words": 1, "longer than 3 words": 2}


def test_an_open_range_has_no_highest() -> None:
    kept, dropped = filter_lengths(lengths(1, 99), (2, None))
    assert kept.tolist() == [1]
    assert dropped == {"shorter than 2 words": 1}


def join(dataset: datasets.Dataset, k: int, folder: Path) -> tuple[datasets.Dataset, Dropped]:
    return join_neighbours(dataset, np.arange(len(dataset)), k, split="train", file=folder / "joined")


def test_neighbours_are_joined_and_their_alignments_shifted(make_dataset: MakeDataset, tmp_path: Path) -> None:
    rows = [("a b", "x", "0-0 1-0"), ("c", "y z", "0-1"), ("d", "u", "0-0"), ("e", "v", "0p0"), ("f", "w", "0-0")]
    joined, dropped = join(make_dataset(rows), 2, tmp_path)
    assert list(joined["source"]) == ["a b c", "d e"]
    assert list(joined["target"]) == ["x y z", "u v"]
    assert list(joined["alignment"]) == ["0-0 1-0 2-2", "0-0 1p1"]
    assert dropped == {"left over by joining": 1}


def test_what_is_joined_with_a_pair_that_nobody_aligned_is_not_aligned(
    make_dataset: MakeDataset, tmp_path: Path
) -> None:
    rows = [("a", "x", "0-0"), ("b", "y", ""), ("c", "z", "0-0"), ("d", "u", "0-0")]
    joined, _ = join(make_dataset(rows), 2, tmp_path)
    assert list(joined["alignment"]) == ["", "0-0 1-1"]


def test_possible_links_stay_possible_when_their_pairs_are_joined(make_dataset: MakeDataset, tmp_path: Path) -> None:
    dataset = make_dataset([("a b", "x", "0-0 1p0"), ("c d", "y", "0?0 1-0")])
    joined, _ = join(dataset, 2, tmp_path)
    assert list(joined["alignment"]) == ["0-0 1p0 2?1 3-1"]


@settings(max_examples=25)
@given(lengths=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=2, max_size=9), k=st.integers(1, 4))
def test_joining_keeps_every_link_between_the_same_words(lengths: list[tuple[int, int]], k: int) -> None:
    rows = []
    for row, (source, target) in enumerate(lengths):
        links = [(i, (i * 7 + row) % target) for i in range(source)]
        sides = [[f"{side}{row}.{i}" for i in range(n)] for side, n in (("s", source), ("t", target))]
        rows.append((" ".join(sides[0]), " ".join(sides[1]), " ".join(f"{i}-{j}" for i, j in links)))
    features = datasets.Features({name: datasets.Value("string") for name in ("source", "target", "alignment")})
    columns = dict(zip(features, map(list, zip(*rows, strict=True)), strict=True))
    dataset = datasets.Dataset.from_dict(columns, features=features)
    with TemporaryDirectory() as folder:
        joined, dropped = join(dataset, k, Path(folder))

    def linked(source: str, target: str, alignment: str) -> list[tuple[str, str]]:
        pairs = [link.split("-") for link in alignment.split()]
        return [(source.split()[int(i)], target.split()[int(j)]) for i, j in pairs]

    used = len(rows) - dropped["left over by joining"]
    expected = [link for row in rows[:used] for link in linked(*row)]
    assert [link for row in joined for link in linked(row["source"], row["target"], row["alignment"])] == expected
    assert len(joined) == len(rows) // k


def test_joining_takes_at_least_one(make_dataset: MakeDataset, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"At least 1 pair is joined into one, but data.join is 0: raise it"):
        join(make_dataset([("a", "b")]), 0, tmp_path)


@pytest.mark.parametrize("link", ["0:0", "0-", "a-1", "-1-0"])
def test_a_broken_alignment_is_refused(make_dataset: MakeDataset, link: str, tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=rf"reads like 0-0 1-2, source first, but that of pair 2 of split train holds {link}: mend"
    ):
        join(make_dataset([("a", "b", "0-0"), ("a", "b", link)]), 2, tmp_path)


def test_a_sample_has_the_size_and_keeps_the_order() -> None:
    kept, dropped = sample_rows(lengths(*range(1, 31)), Sample(size=10), buckets=BUCKETS, seed=0, split="train")
    assert kept.tolist() == sorted(set(kept.tolist()))
    assert len(kept) == 10
    assert dropped == {"left out by sampling": 20}


def test_a_sample_depends_on_its_seed_alone() -> None:
    of = lengths(*range(1, 31))
    samples = [
        sample_rows(of, Sample(size=10), buckets=BUCKETS, seed=seed, split="train")[0].tolist() for seed in (0, 0, 1)
    ]
    assert samples[0] == samples[1] != samples[2]


def test_a_sample_has_the_distribution_of_lengths() -> None:
    of = lengths(*[1] * 20, *[4] * 10, *[9] * 5)  # 9 words lie in no bucket
    sample = Sample(size=8, shares={"short": 1, "long": 3})
    kept, dropped = sample_rows(of, sample, buckets=BUCKETS, seed=0, split="train")
    assert Counter(of[kept].tolist()) == {1: 2, 4: 6}
    assert dropped == {"left out by sampling": 27}


def test_shares_without_a_size_give_the_largest_sample() -> None:
    of = lengths(*[1] * 20, *[4] * 10)
    sample = Sample(shares={"short": 0.2, "long": 0.8})
    kept, _ = sample_rows(of, sample, buckets=BUCKETS, seed=0, split="train")
    assert Counter(of[kept].tolist()) == {1: 2, 4: 10}


def test_a_bucket_may_be_left_out() -> None:
    kept, _ = sample_rows(lengths(1, 4, 4), Sample(shares={"long": 1}), buckets=BUCKETS, seed=0, split="train")
    assert kept.tolist() == [1, 2]


def test_a_sample_of_no_size_is_all_there_is() -> None:
    kept, dropped = sample_rows(lengths(1, 9), Sample(), buckets=BUCKETS, seed=0, split="train")
    assert (kept.tolist(), dropped) == ([0, 1], {})


@settings(max_examples=25)
@given(size=st.integers(0, 50), shares=st.lists(st.floats(0, 9), min_size=3, max_size=3).filter(lambda x: sum(x) > 0.1))
def test_shares_add_up_to_the_size_within_one_pair_each(size: int, shares: list[float]) -> None:
    buckets = LengthBuckets({"a": [1, 1], "b": [2, 2], "c": [3, 3]})
    of = lengths(*[1] * 50, *[2] * 50, *[3] * 50)
    sample = Sample(size=size, shares=dict(zip("abc", shares, strict=True)))
    kept, _ = sample_rows(of, sample, buckets=buckets, seed=0, split="train")
    counts = Counter(of[kept].tolist())
    assert len(kept) == size
    for length, share in enumerate(shares, start=1):
        assert abs(counts[length] - size * share / sum(shares)) < 1 + 1e-6


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (Sample(size=4), "but 4 are wanted of the 3 in split test: lower data.sample.test.size"),
        (
            Sample(size=3, shares={"short": 2, "long": 1}),
            "but 2 are wanted of the 1 in bucket short of split test: lower data.sample.test.size, or change its",
        ),
    ],
)
def test_a_sample_never_takes_a_pair_twice(sample: Sample, message: str) -> None:
    with pytest.raises(DataError, match=message):
        sample_rows(lengths(1, 4, 5), sample, buckets=BUCKETS, seed=0, split="test")


@pytest.mark.parametrize("shares", [{"tiny": 1.0}, {"short": 0.0}, {"short": -1.0, "long": 3.0}, {}])
def test_impossible_shares_are_refused(shares: dict[str, float]) -> None:
    message = r"numbers >= 0 for the buckets short, long, but data.sample.test.shares is .*: mend it"
    with pytest.raises(ConfigError, match=message):
        sample_rows(lengths(1, 4), Sample(shares=shares), buckets=BUCKETS, seed=0, split="test")


def test_a_limit_keeps_the_first(make_dataset: MakeDataset, tmp_path: Path) -> None:
    dataset = make_dataset(of_length(1, 2, 3))
    kept, dropped = Selection(buckets=BUCKETS, limits={"train": 2}).apply(dataset, "train", tmp_path)
    assert source_lengths(kept).tolist() == [1, 2]
    assert dropped == {"beyond the limit": 1}
    kept, dropped = Selection(buckets=BUCKETS, limits={"train": 3}).apply(dataset, "train", tmp_path)
    assert (len(kept), dropped) == (3, {})


@settings(max_examples=25)
@given(of=st.lists(st.integers(1, 6), min_size=1, max_size=60))
def test_what_is_kept_is_written_whole_and_in_order(of: list[int]) -> None:
    rows = of_length(*of)
    dataset = datasets.Dataset.from_dict(
        dict(zip(("source", "target"), map(list, zip(*rows, strict=True)), strict=True))
    )
    with TemporaryDirectory() as folder:
        kept, _ = Selection(buckets=BUCKETS, lengths={"train": (2, 4)}).apply(dataset, "train", Path(folder))
        assert [tuple(row.values()) for row in kept] == [
            row for row, length in zip(rows, of, strict=True) if 2 <= length <= 4
        ]


def test_lengths_samples_and_limits_speak_of_joined_pairs(make_dataset: MakeDataset, tmp_path: Path) -> None:
    dataset = make_dataset([*of_length(1, 1), ("", "t"), *of_length(1, 4, 2, 2, 1)])
    selection = Selection(buckets=BUCKETS, joined={"train": 2}, lengths={"train": (2, 4)}, limits={"train": 1})
    kept, dropped = selection.apply(dataset, "train", tmp_path)
    assert source_lengths(kept).tolist() == [2]  # of 2, 5, 4 and one left over
    assert dropped == {
        "with an empty side": 1,
        "left over by joining": 1,
        "longer than 4 words": 1,
        "beyond the limit": 1,
    }
    assert len(selection.apply(dataset, "test", tmp_path)[0]) == 7  # nothing was asked of the other splits


def test_a_selection_samples_by_its_seed(make_dataset: MakeDataset, tmp_path: Path) -> None:
    dataset = make_dataset(of_length(*range(1, 31)))
    selection = Selection(buckets=BUCKETS, samples={"train": Sample(size=5)}, seed=3)
    kept, _ = selection.apply(dataset, "train", tmp_path)
    expected, _ = sample_rows(source_lengths(dataset), Sample(size=5), buckets=BUCKETS, seed=3, split="train")
    assert list(kept["source"]) == list(dataset.select(expected)["source"])
