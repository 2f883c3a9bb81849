"""Prepared data is what the settings say, is made once, and is never taken for something else."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import datasets
import pytest

from attnlab.data import prepare as prepare_module
from attnlab.data.corpus import Corpus, TranslationCorpus
from attnlab.data.lengths import LengthBuckets
from attnlab.data.prepare import PreparedData, prepare
from attnlab.data.selection import Sample, Selection
from attnlab.errors import ConfigError, DataError, RunError
from attnlab.text.tokenizer import TokenizerPair
from attnlab.text.trainers import BytePairTrainer, CharacterTrainer, FixedTokenizers, TokenizerTrainer, WordTrainer

SELECTION = Selection(buckets=LengthBuckets({"short": [1, 2], "long": [3, None]}))
Rows = Sequence[tuple[str, ...]]
SPLITS: dict[str, Rows] = {
    "train": [("a b", "x y"), ("b", "y"), ("a  b\tc", "x y z"), ("", "x")],
    "validation": [("a d", "x w")],
    "test": [("c", "z"), ("d", "w")],
}
MakeCorpus = Callable[[dict[str, Rows]], Corpus]


@pytest.fixture
def corpus(list_corpus: MakeCorpus) -> Corpus:
    return list_corpus(dict(SPLITS))


def build(
    corpus: Corpus, folder: Path, trainer: TokenizerTrainer | None = None, selection: Selection = SELECTION
) -> PreparedData:
    return prepare(corpus, trainer or WordTrainer(), selection, cache_dir=folder / "cache")


def test_rows_hold_text_ids_and_source_length(corpus: Corpus, tmp_path: Path) -> None:
    prepared = build(corpus, tmp_path)
    assert {split: len(rows) for split, rows in prepared.splits.items()} == {"train": 3, "validation": 1, "test": 2}
    row = prepared.splits["train"][2]
    assert row["source"] == "a  b\tc"
    assert row["source_words"] == 3
    assert prepared.tokenizers.source.decode(row["source_ids"]) == "a b c"
    assert prepared.tokenizers.target.decode(row["target_ids"]) == "x y z"


def test_tokenizers_learn_from_the_selected_train_split_only(corpus: Corpus, tmp_path: Path) -> None:
    prepared = build(corpus, tmp_path, selection=replace(SELECTION, lengths={"train": (1, 2)}))
    source = prepared.tokenizers.source
    assert source.decode(prepared.splits["test"][0]["source_ids"]) == "<unk>"  # c: too long in train
    assert source.decode(prepared.splits["validation"][0]["source_ids"]) == "a <unk>"  # d: not in train
    assert source.vocab_size == 4 + 2


def test_what_was_dropped_can_be_printed(corpus: Corpus, tmp_path: Path) -> None:
    prepared = build(corpus, tmp_path, selection=replace(SELECTION, lengths={"train": (1, 2)}, joined={"test": 2}))
    assert prepared.describe().splitlines() == [
        "train: kept 2 of 4: 1 with an empty side, 1 longer than 2 words",
        "validation: kept 1 of 1",
        "test: kept 1 of 2 (every 2 joined into one)",
    ]


def test_what_is_odd_but_kept_is_counted(list_corpus: MakeCorpus, tmp_path: Path) -> None:
    odd = [
        ("a", "b"),
        ("a", "b"),
        ("a", "c"),
        ("a", "b"),
        ("\u200ba", "x"),
        ("a", "\x07"),
        ("a" * 10_001, "b"),
        ("", "b"),
    ]
    prepared = build(list_corpus({**SPLITS, "train": odd}), tmp_path)
    assert prepared.describe().splitlines()[0] == (
        "train: kept 7 of 8: 1 with an empty side; among them 2 repeated, 2 with invisible characters, 1 longer than "
        "10,000 characters"
    )
    assert str(prepared.reports["train"]) == "kept 7 of 8: 1 with an empty side"
    assert build(list_corpus({**SPLITS, "train": odd}), tmp_path).describe() == prepared.describe()


@pytest.mark.parametrize("text", ["a\tb\u3000c\x85", "שלום", "العربية", "e\u0301", "\U0001f600", "a\xa0b"])
def test_what_can_be_seen_or_is_white_space_is_not_odd(list_corpus: MakeCorpus, tmp_path: Path, text: str) -> None:
    prepared = build(list_corpus({**SPLITS, "train": [(text, text)]}), tmp_path)
    assert prepared.describe().splitlines()[0] == "train: kept 1 of 1"


def test_alignments_are_kept(list_corpus: MakeCorpus, tmp_path: Path) -> None:
    rows = [("a b", "x", "0-0 1-0")]
    prepared = build(list_corpus({"train": rows, "validation": rows, "test": rows}), tmp_path)
    assert prepared.splits["test"][0]["alignment"] == "0-0 1-0"


@pytest.mark.parametrize(
    "trainer", [BytePairTrainer(vocab_size=30, joint=True), WordTrainer(joint=True), CharacterTrainer()]
)
def test_a_second_run_gets_the_same_from_the_cache(
    corpus: Corpus, tmp_path: Path, trainer: TokenizerTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(corpus, tmp_path, trainer)
    monkeypatch.setattr(prepare_module, "_build", None)  # whoever calls it again fails
    second = build(corpus, tmp_path, trainer)
    assert second.folder == first.folder
    assert second.describe() == first.describe()
    assert second.tokenizers.joint == first.tokenizers.joint
    assert second.tokenizers.source.fingerprint() == first.tokenizers.source.fingerprint()
    for split in first.splits:
        assert first.splits[split][:] == second.splits[split][:]


CHANGES: dict[str, Selection] = {
    "lengths": replace(SELECTION, lengths={"train": (1, 2)}),
    "join": replace(SELECTION, joined={"train": 2}),
    "limit": replace(SELECTION, limits={"train": 2}),
    "sample": replace(SELECTION, samples={"train": Sample(size=2)}),
    "sample seed": replace(SELECTION, samples={"train": Sample(size=2)}, seed=1),
    "buckets": replace(SELECTION, buckets=LengthBuckets({"short": [1, 3]})),
}


def test_every_changed_setting_has_a_folder_of_its_own(corpus: Corpus, tmp_path: Path) -> None:
    trainers = [WordTrainer(), WordTrainer(joint=True), WordTrainer(lowercase=True), CharacterTrainer()]
    folders = [build(corpus, tmp_path, trainer).folder for trainer in trainers]
    folders += [build(corpus, tmp_path, selection=selection).folder for selection in CHANGES.values()]
    assert len(set(folders)) == len(trainers) + len(CHANGES)


CHANGED_SPLITS: list[dict[str, Rows]] = [
    {**SPLITS, "test": [("c", "z"), ("d", "v")]},
    {**SPLITS, "test": [("d", "w"), ("c", "z")]},
    {**SPLITS, "test": [("z", "c"), ("w", "d")]},
    {**SPLITS, "train": [("ab", "x y"), *SPLITS["train"][1:]]},
    {**SPLITS, "train": [("a b", "x y"), ("", "y"), ("ba  b\tc", "x y z"), ("", "x")]},  # the same letters in a row
    {"train": SPLITS["train"], "validation": SPLITS["test"], "test": SPLITS["validation"]},
]


def test_every_changed_word_has_a_folder_of_its_own(list_corpus: MakeCorpus, tmp_path: Path) -> None:
    folders = {build(list_corpus(splits), tmp_path).folder for splits in [SPLITS, *CHANGED_SPLITS]}
    assert len(folders) == 1 + len(CHANGED_SPLITS)


def test_a_changed_file_is_prepared_anew(tmp_path: Path, write_jsonl: Callable[[Path, Rows], Path]) -> None:
    for split, rows in SPLITS.items():
        write_jsonl(tmp_path / "data" / f"{split}.jsonl", rows)
    corpus = TranslationCorpus(name="x", path=str(tmp_path / "data"), source_language="en", target_language="de")
    first = build(corpus, tmp_path)
    write_jsonl(tmp_path / "data" / "test.jsonl", [("c", "new")])
    second = build(corpus, tmp_path)
    assert second.folder != first.folder
    assert list(second.splits["test"]["target"]) == ["new"]


def test_a_run_that_was_killed_leaves_nothing_that_looks_whole(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(TokenizerPair, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            build(corpus, tmp_path)
    assert list((tmp_path / "cache").iterdir()) == []
    assert build(corpus, tmp_path).describe().startswith("train: kept 3 of 4")


def test_two_runs_may_prepare_the_same_at_once(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = prepare_module._publish

    def faster(building: Path, folder: Path) -> None:
        shutil.copytree(building, folder)  # what the other process left a moment before
        real(building, folder)

    monkeypatch.setattr(prepare_module, "_publish", faster)
    prepared = build(corpus, tmp_path)
    assert len(prepared.splits["train"]) == 3
    assert list((tmp_path / "cache").iterdir()) == [prepared.folder]


def test_learned_tokenizers_read_another_corpus(corpus: Corpus, list_corpus: MakeCorpus, tmp_path: Path) -> None:
    learned = build(corpus, tmp_path).tokenizers
    other = list_corpus({"test": [("b e a", "y")]})
    prepared = prepare(other, FixedTokenizers(learned), SELECTION, cache_dir=tmp_path / "cache", splits=["test"])
    assert list(prepared.splits) == ["test"]
    assert prepared.tokenizers.source.decode(prepared.splits["test"][0]["source_ids"]) == "b <unk> a"
    assert prepared.tokenizers.source.fingerprint() == learned.source.fingerprint()


def test_learning_needs_the_train_split(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"learned from the train split, but only test is prepared: give FixedToken"):
        prepare(corpus, WordTrainer(), SELECTION, cache_dir=tmp_path, splits=["test"])


def test_a_missing_split_names_the_ways_out(list_corpus: MakeCorpus, tmp_path: Path) -> None:
    message = (
        r"list needs a validation split, but has only train: name it with data.splits.validation, or give its file "
        r"with 'data.path=\{validation:FILE\}', or cut it from train with data.validation_size=<pairs>"
    )
    with pytest.raises(DataError, match=message):
        build(list_corpus({"train": SPLITS["train"]}), tmp_path)
    with pytest.raises(
        DataError, match=r"list needs a train split, but has only none: name it with data.splits.train, or give"
    ):
        build(list_corpus({}), tmp_path)


def test_an_empty_split_is_refused(list_corpus: MakeCorpus, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"at least one pair, but test of list is empty: mend data.path"):
        build(list_corpus({**SPLITS, "test": []}), tmp_path)


def test_a_length_filter_that_leaves_nothing_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    message = (
        r"but of test in list the selection kept 0 of 2: 2 shorter than 5 words: widen data.length.test, or change"
    )
    with pytest.raises(DataError, match=message):
        build(corpus, tmp_path, selection=replace(SELECTION, lengths={"test": (5, None)}))
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_named(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file stands in the way")
    with pytest.raises(
        RunError, match=r"is kept in .*cache, which cannot be written \(.*\): free some space, or choose"
    ):
        build(corpus, tmp_path)


def test_a_damaged_cache_is_named(corpus: Corpus, tmp_path: Path) -> None:
    folder = build(corpus, tmp_path).folder
    (folder / "reports.json").write_text(json.dumps({"train": {}}))
    with pytest.raises(
        RunError, match=rf"must be whole, but {folder} cannot be read \(TypeError\): delete that folder"
    ):
        build(corpus, tmp_path)


def test_a_cache_that_lost_its_end_is_named(corpus: Corpus, tmp_path: Path) -> None:
    folder = build(corpus, tmp_path).folder
    train = prepare_module._read(folder).splits["train"]
    shorter = datasets.Dataset.from_list(train.to_list()[:2], features=train.features)
    shutil.rmtree(folder / "splits" / "train")
    shorter.save_to_disk(str(folder / "splits" / "train"))
    with pytest.raises(
        RunError, match=rf"must be whole, but {folder} cannot be read \(ValueError\): delete that folder"
    ):
        build(corpus, tmp_path)


def test_multi30k_tok_with_its_double_space_is_prepared_whole(multi30k_tok: Path, tmp_path: Path) -> None:
    corpus = TranslationCorpus(name="m", path=str(multi30k_tok), source_language="en", target_language="de")
    prepared = build(corpus, tmp_path)
    assert prepared.describe().splitlines()[0] == "train: kept 29,000 of 29,000; among them 3 repeated"
    row = prepared.splits["train"][16216]
    assert "  " in row["source"]
    assert len(row["source_ids"]) == row["source_words"] == len(row["source"].split())
