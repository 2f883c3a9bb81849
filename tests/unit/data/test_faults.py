"""Whatever a corpus holds, it loads with every pair in its place or is refused in one line that says where."""

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlab.data.bucketing import BatchBudget, LengthBatchSampler
from attnlab.data.corpus import TranslationCorpus
from attnlab.data.lengths import LengthBuckets
from attnlab.data.pairs import TokenPairs
from attnlab.data.prepare import prepare
from attnlab.data.selection import Selection
from attnlab.errors import AttnlabError, DataError
from attnlab.text.tokenizer import normalize
from attnlab.text.trainers import BytePairTrainer, CharacterTrainer, TokenizerTrainer, WordTrainer

SIGNS = [
    *"ab ä,'\"\\{}[]:",
    "\t",
    "\r",
    "\n",
    "\x01",
    "\x1c",
    "\x85",
    "\u2028",
    "\u200b",
    "\ufeff",
    "\u202e",
    "שלום",
    "😀",
]
TEXT = st.lists(st.sampled_from([*SIGNS, "e\u0301", "<eos>", "▁", "null", "0"]), max_size=9).map("".join)
LINE = st.text(st.characters(exclude_characters="\n\0\ufeff", exclude_categories=["Cs"])) | TEXT.map(
    lambda text: text.replace("\n", "").replace("\ufeff", "")
)
LINE = LINE.map(lambda text: text.rstrip("\r"))  # one before a line feed belongs to the line's end
PAIRS = st.lists(st.tuples(LINE, LINE), min_size=1, max_size=6)
SOME = settings(max_examples=30)


def load(folder: Path) -> list[tuple[str, str]]:
    corpus = TranslationCorpus(name="x", path=str(folder), source_language="en", target_language="de")
    train = corpus.load()["train"]
    return [(row["source"], row["target"]) for row in train]


def written(name: str, pairs: Sequence[tuple[str, str]], folder: Path) -> Path:
    """The file of some pairs, as other programs write it."""
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            csv.writer(file).writerows([("en", "de"), *pairs])
        elif path.suffix == ".tsv":
            file.writelines(f"{en}\t{de}\n" for en, de in [("en", "de"), *pairs])
        elif path.suffix == ".jsonl":
            file.writelines(json.dumps({"en": en, "de": de}, ensure_ascii=False) + "\n" for en, de in pairs)
        else:
            json.dump([{"en": en, "de": de} for en, de in pairs], file)
    return path


@SOME
@given(pairs=PAIRS, ends=st.data(), mark=st.booleans(), last=st.booleans())
def test_parallel_lines_keep_their_partners(
    pairs: list[tuple[str, str]], ends: st.DataObject, mark: bool, last: bool
) -> None:
    with TemporaryDirectory() as name:
        for side, language in enumerate(("en", "de")):
            chosen = [ends.draw(st.sampled_from(["\n", "\r\n"])) for _ in pairs]
            if not last and pairs[-1][side]:
                chosen[-1] = ""
            text = "".join(f"{pair[side]}{end}" for pair, end in zip(pairs, chosen, strict=True))
            (Path(name) / f"train.{language}").write_bytes(("\ufeff" * mark + text).encode())
        assert load(Path(name)) == pairs


@pytest.mark.parametrize("name", ["train.csv", "train.tsv", "train.jsonl", "train.json"])
@SOME
@given(pairs=PAIRS)
def test_rows_come_back_as_they_were_written(name: str, pairs: list[tuple[str, str]]) -> None:
    if name.endswith("tsv"):  # which cannot say these
        pairs = [(re.sub("[\t\r]", " ", en), re.sub("[\t\r]", " ", de)) for en, de in pairs]
    with TemporaryDirectory() as folder:
        written(name, pairs, Path(folder))
        assert load(Path(folder)) == pairs


@SOME
@given(pairs=PAIRS, side=st.sampled_from(["en", "de"]), row=st.integers(0, 5))
def test_a_missing_line_is_never_made_up_for(pairs: list[tuple[str, str]], side: str, row: int) -> None:
    with TemporaryDirectory() as name:
        sides = dict(zip(("en", "de"), map(list, zip(*pairs, strict=True)), strict=True))
        del sides[side][row % len(pairs)]
        for language, lines in sides.items():
            (Path(name) / f"train.{language}").write_bytes("".join(f"{line}\n" for line in lines).encode())
        counts = [
            f"{len(sides[language])} lines" if language == "en" else str(len(sides[language])) for language in sides
        ]
        with pytest.raises(
            DataError, match=rf"train.en has {counts[0]} and .*train.de has {counts[1]}: find the missing"
        ):
            load(Path(name))


@SOME
@given(
    name=st.sampled_from(["train.csv", "train.tsv", "train.jsonl", "train.json", "train.en"]),
    pairs=st.lists(st.tuples(TEXT, TEXT), max_size=4),
    faults=st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=3)), max_size=4),
    noise=st.none() | st.binary(max_size=60),
)
def test_spoilt_files_load_or_are_refused_with_their_place(
    name: str, pairs: list[tuple[str, str]], faults: list[tuple[int, bytes]], noise: bytes | None
) -> None:
    with TemporaryDirectory() as folder:
        path = written(name, pairs, Path(folder))
        (Path(folder) / "train.de").write_bytes(b"a\n" * len(pairs))
        if not name.endswith("en"):
            (Path(folder) / "train.de").unlink()
        content = path.read_bytes() if noise is None else noise
        for place, fault in faults:
            content = content[:place] + fault + content[place + 1 :]
        path.write_bytes(content)
        refusal = ""
        try:
            load(Path(folder))
        except AttnlabError as error:
            refusal = str(error)
        there = rf"{name}.*(line|lines|entry|is empty|has no rows)|(line|entry) [\d,]+ of .*{name}"
        where = rf"{there}|split train has the columns"
        assert not refusal or re.search(where, refusal)
        assert "\n" not in refusal


@pytest.mark.parametrize("trainer", [WordTrainer(), CharacterTrainer(), BytePairTrainer(vocab_size=600, joint=True)])
@settings(max_examples=10)
@given(pairs=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6), join=st.integers(1, 2))
def test_whatever_loads_is_prepared_and_read_back(
    trainer: TokenizerTrainer, pairs: list[tuple[str, str]], join: int
) -> None:
    pairs = [*pairs, ("a", "b"), ("a", "b")]
    with TemporaryDirectory() as folder:
        written("train.jsonl", pairs, Path(folder))
        corpus = TranslationCorpus(name="x", path=folder, source_language="en", target_language="de")
        selection = Selection(buckets=LengthBuckets({"all": [1, None]}), joined={"train": join})
        prepared = prepare(corpus, trainer, selection, cache_dir=Path(folder) / "cache", splits=["train"])
        report, train = prepared.reports["train"], prepared.splits["train"]
        assert report.kept == len(train)
        assert report.kept * join + sum(report.dropped.values()) == report.total == len(pairs)
        for row in train:
            for side, tokenizer in (("source", prepared.tokenizers.source), ("target", prepared.tokenizers.target)):
                assert tokenizer.decode(row[f"{side}_ids"]) == normalize(row[side]) != ""
        sizes = TokenPairs(train)
        sampler = LengthBatchSampler(sizes.source_sizes, sizes.target_sizes, BatchBudget(max_sentences=2), seed=0)
        assert sorted(row for batch in sampler for row in batch) == list(range(len(train)))


def test_a_line_of_100_000_characters_is_one_sentence(tmp_path: Path) -> None:
    long = "x" * 100_000
    (tmp_path / "train.en").write_text(f"a\n{long}\nb\n")
    (tmp_path / "train.de").write_text(f"1\n2\n{long}\n")
    assert load(tmp_path) == [("a", "1"), (long, "2"), ("b", long)]
