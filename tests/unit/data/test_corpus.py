"""Every way of holding sentence pairs loads into the same columns, in either direction."""

import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.data import corpus as corpus_module
from attnlab.data import storage as storage_module
from attnlab.data.corpus import Corpus, TranslationCorpus, evenly_spread
from attnlab.errors import ConfigError, DataError, RunError

PAIRS = [("the dog", "der Hund"), ("a  cat", "eine Katze"), ("null", "12")]
WriteJsonl = Callable[[Path, Sequence[tuple[str, str]]], Path]


def build(path: Any, **changes: Any) -> TranslationCorpus:
    return TranslationCorpus(**{"name": "x", "path": path, "source_language": "en", "target_language": "de", **changes})


def rows(split: datasets.Dataset) -> list[tuple[str, ...]]:
    assert all(feature == datasets.Value("string") for feature in split.features.values())
    return [tuple(row.values()) for row in split]


def write(kind: str, folder: Path, stem: str) -> None:
    english, german = zip(*PAIRS, strict=True)
    if kind == "text":
        for language, lines in (("en", english), ("de", german)):
            (folder / f"{stem}.{language}").write_text("".join(f"{line}\n" for line in lines))
        return
    table = datasets.Dataset.from_dict({"id": [1, 2, 3], "en": english, "de": german})
    if kind.startswith("translation"):
        table = datasets.Dataset.from_dict({"translation": [{"de": de, "en": en} for en, de in PAIRS]})
    match kind.rsplit(maxsplit=1)[-1]:
        case "parquet":
            table.to_parquet(folder / f"{stem}.parquet")
        case "jsonl":
            table.to_json(folder / f"{stem}.jsonl", force_ascii=False)
        case "csv":
            table.to_csv(folder / f"{stem}.csv", index=False)
        case "tsv":
            table.to_csv(folder / f"{stem}.tsv", index=False, sep="\t")


@pytest.mark.parametrize("kind", ["text", "parquet", "jsonl", "csv", "tsv", "translation parquet", "translation jsonl"])
def test_every_format_holds_the_same_pairs_in_either_direction(kind: str, tmp_path: Path) -> None:
    write(kind, tmp_path, "train")
    write(kind, tmp_path, "dev")
    forward = build(str(tmp_path)).load()
    backward = build(str(tmp_path), source_language="de", target_language="en").load()
    assert list(forward) == ["train", "validation"]
    for split in forward:
        assert forward[split].column_names == ["source", "target"]
        assert rows(forward[split]) == PAIRS
        assert rows(backward[split]) == [(german, english) for english, german in PAIRS]


def test_a_translation_feature_of_the_hub_is_read(tmp_path: Path) -> None:
    features = datasets.Features(translation=datasets.Translation(languages=["de", "en"]))
    pairs = {"translation": [{"de": german, "en": english} for english, german in PAIRS]}
    splits = datasets.DatasetDict(train=datasets.Dataset.from_dict(pairs, features=features))
    splits.save_to_disk(str(tmp_path / "saved"))
    assert rows(build(str(tmp_path / "saved")).load()["train"]) == PAIRS


def test_it_is_a_corpus() -> None:
    assert isinstance(build(None), Corpus)


def test_columns_can_be_named(tmp_path: Path) -> None:
    table = datasets.Dataset.from_dict({"q": ["a b"], "a": ["x y"], "links": ["0-1 1-0"]})
    table.to_parquet(tmp_path / "train.parquet")
    corpus = build(str(tmp_path), source_column="q", target_column="a", alignment_column="links")
    loaded = corpus.load()["train"]
    assert loaded.column_names == ["source", "target", "alignment"]
    assert rows(loaded) == [("a b", "x y", "0-1 1-0")]


def test_null_is_an_empty_line(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"en": "a", "de": null}\n{"de": "b"}\n')
    assert rows(build(str(tmp_path)).load()["train"]) == [("a", ""), ("", "b")]


def test_null_is_an_empty_line_in_tables_of_arrow_too(tmp_path: Path) -> None:
    table = pa.table({"en": pa.array(["a", None], pa.large_string()), "de": ["b", "c"]})
    pq.write_table(table, tmp_path / "train.parquet")
    assert rows(build(str(tmp_path)).load()["train"]) == [("a", "b"), ("", "c")]


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_one_column_may_be_both_sides(kind: str, tmp_path: Path) -> None:
    write(kind, tmp_path, "train")
    copied = build(str(tmp_path), source_column="en", target_column="en").load()["train"]
    assert rows(copied) == [(english, english) for english, _ in PAIRS]


def test_what_is_read_stays_on_disk(tmp_path: Path) -> None:
    for kind, stem in (("text", "train"), ("jsonl", "validation"), ("parquet", "test")):
        write(kind, tmp_path, stem)
    for split in build(str(tmp_path)).load().values():
        assert split.cache_files  # whatever is in memory has none


def test_files_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("text", tmp_path, "train")
    write("csv", tmp_path, "test")
    first = build(str(tmp_path)).load()
    monkeypatch.setattr(storage_module, "store_rows", None)  # whoever calls it again fails
    second = build(str(tmp_path)).load()
    assert all(rows(first[split]) == rows(second[split]) for split in first)


@pytest.mark.parametrize("key", ["source_column", "target_column", "alignment_column"])
def test_parallel_text_has_no_columns(tmp_path: Path, key: str) -> None:
    for language in ("en", "de"):
        (tmp_path / f"train.{language}").write_text("a\n")
    message = (
        rf"no columns, but split train lies in .*train.en and data.{key} is set: leave it out, or give a file with"
    )
    with pytest.raises(ConfigError, match=message):
        build(str(tmp_path), **{key: "x"}).load()


def test_a_full_disk_is_named_and_leaves_no_half_file(
    tmp_path: Path, private_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write("text", tmp_path, "train")
    monkeypatch.setattr(storage_module, "store_rows", full)
    message = (
        r"kept in .*attnlab, which cannot be written \(.*No space left.*\): free some space, or choose another folder"
    )
    with pytest.raises(RunError, match=message):
        build(str(tmp_path)).load()
    assert not [path for path in private_cache.rglob("*") if path.is_file()]


def test_bytes_that_arrow_took_for_text_are_refused(tmp_path: Path) -> None:
    broken = pa.array([b"a", b"\xff", b"c"]).cast(pa.binary()).view(pa.string())
    pq.write_table(pa.table({"en": broken, "de": ["x", "y", "z"]}), tmp_path / "train.parquet")
    with pytest.raises(DataError, match=r"must be UTF-8, but pair 2 of split train in x is not: write its file anew"):
        build(str(tmp_path)).load()


@pytest.mark.parametrize("damage", ["dataset_dict.json", "train/state.json", "train/data-00000-of-00001.arrow"])
def test_a_damaged_saved_dataset_is_refused(tmp_path: Path, damage: str) -> None:
    table = datasets.Dataset.from_dict({"en": ["a"], "de": ["b"]})
    datasets.DatasetDict(train=table).save_to_disk(str(tmp_path / "saved"))
    (tmp_path / "saved" / damage).write_bytes(b"\x00{")
    with pytest.raises(DataError, match=r"saved cannot be read as a saved dataset \(.*\): save it again, or") as caught:
        build(str(tmp_path / "saved")).load()
    assert "\n" not in str(caught.value)


def test_a_path_the_system_refuses_is_named() -> None:
    with pytest.raises(DataError, match=r"/x+ cannot be read \(File name too long\): mend data.path"):
        build("/" + 300 * "x").load()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train.jsonl", "", r"at least one pair, but .*train.jsonl is empty: fill it, or mend data.path"),
        ("train.csv", "en,de\n", r"at least one pair, but .*train.csv has no rows: fill it, or mend data.path"),
        ("train.json", "[]", r"at least one pair, but .*train.json has no rows: fill it, or mend data.path"),
        (
            "train.jsonl",
            '{"en": "a", "de": 12}',
            r"column de in line 1 of .*train.jsonl holds 12: mend it, or set data.t",
        ),
        ("train.jsonl", '{"en": ["a"], "de": "b"}', r"column en in line 1 of .*train.jsonl holds \['a'\]: mend it, or"),
        (
            "train.jsonl",
            '\n{"en": "a", "de": "\\ud800"}',
            r"must be UTF-8, but line 2 of .*train.jsonl is not: convert",
        ),
    ],
)
def test_a_row_without_text_is_named(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        build(str(tmp_path)).load()


def test_a_parquet_file_that_is_none_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "train.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"train.parquet cannot be read as parquet \(.*\): mend the file") as caught:
        build(str(tmp_path)).load()
    assert "\n" not in str(caught.value)
    assert "Failed to" not in capfd.readouterr().err


def test_a_configuration_may_be_a_subfolder(tmp_path: Path) -> None:
    (tmp_path / "de-en").mkdir()
    write("parquet", tmp_path / "de-en", "train")
    assert rows(build(str(tmp_path), config_name="de-en").load()["train"]) == PAIRS
    assert rows(build(str(tmp_path), data_dir="de-en").load()["train"]) == PAIRS
    assert rows(build(str(tmp_path / "de-en"), config_name="de-en").load()["train"]) == PAIRS


def test_home_and_split_paths_are_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write("csv", tmp_path, "a")
    assert rows(build("~/a.csv").load()["train"]) == PAIRS
    assert rows(build({"test": str(tmp_path / "a.csv")}).load()["test"]) == PAIRS


def test_a_changed_file_is_read_anew(tmp_path: Path, write_jsonl: WriteJsonl) -> None:
    path = write_jsonl(tmp_path / "train.jsonl", [("a", "b")])
    assert rows(build(str(tmp_path)).load()["train"]) == [("a", "b")]
    write_jsonl(path, [("c", "d")])
    os.utime(path, (1, 1))
    assert rows(build(str(tmp_path)).load()["train"]) == [("c", "d")]


@given(total=st.integers(1, 3000), share=st.floats(0, 1))
def test_a_cut_is_exact_sorted_and_without_repetition(total: int, share: float) -> None:
    size = int(total * share)
    chosen = evenly_spread(total, size)
    assert len(chosen) == len(set(chosen)) == size
    assert chosen == sorted(chosen)
    assert not chosen or (chosen[0] >= 0 and chosen[-1] < total)


def test_a_cut_holds_neighbours_from_everywhere() -> None:
    chosen = evenly_spread(10_000, 1000)
    assert sum(second == first + 1 for first, second in pairwise(chosen)) == 950
    tenths = {row // 1000 for row in chosen}
    assert tenths == set(range(10))


def test_missing_splits_are_cut_from_train_and_always_alike(tmp_path: Path, write_jsonl: WriteJsonl) -> None:
    pairs = [(f"s{row}", f"t{row}") for row in range(100)]
    write_jsonl(tmp_path / "train.jsonl", pairs)
    loaded = build(str(tmp_path), validation_size=10, test_size=30).load()
    assert {split: len(dataset) for split, dataset in loaded.items()} == {"train": 60, "validation": 10, "test": 30}
    assert sorted(row for split in loaded.values() for row in rows(split)) == sorted(pairs)
    again = build(str(tmp_path), validation_size=10, test_size=30).load()
    assert all(rows(again[split]) == rows(loaded[split]) for split in loaded)


def test_a_split_that_is_there_is_not_cut(tmp_path: Path, write_jsonl: WriteJsonl) -> None:
    write_jsonl(tmp_path / "train.jsonl", PAIRS)
    write_jsonl(tmp_path / "valid.jsonl", PAIRS[:1])
    loaded = build(str(tmp_path), validation_size=2).load()
    assert {split: len(dataset) for split, dataset in loaded.items()} == {"train": 3, "validation": 1}


def test_a_split_that_was_named_is_not_cut(tmp_path: Path, write_jsonl: WriteJsonl) -> None:
    write_jsonl(tmp_path / "train.jsonl", PAIRS)
    with pytest.raises(DataError, match=r"data.splits.test is tset, but .* has no such split: mend it or leave it out"):
        build(str(tmp_path), splits={"test": "tset"}, test_size=1).load()


@pytest.mark.parametrize("size", [0, 3, 4])
def test_an_impossible_cut_is_refused(tmp_path: Path, write_jsonl: WriteJsonl, size: int) -> None:
    write_jsonl(tmp_path / "train.jsonl", PAIRS)
    with pytest.raises(ConfigError, match=rf"leaves at least 1 of 3, but data.test_size is {size}: change it"):
        build(str(tmp_path), test_size=size).load()


def test_a_corpus_without_a_path_asks_for_one() -> None:
    with pytest.raises(
        ConfigError, match=r"corpus x lies in files of your own, but data.path is null: give data.path="
    ):
        build(None).load()


def test_two_languages_are_two() -> None:
    with pytest.raises(ConfigError, match=r"data.source_language and data.target_language are both de: change one"):
        build("anywhere", source_language="de").load()


def test_a_missing_column_is_named_with_those_there(tmp_path: Path, write_jsonl: WriteJsonl) -> None:
    write_jsonl(tmp_path / "train.jsonl", PAIRS)
    message = r"target of x is read from the column fr, but split train has the columns en, de: set data.target_column"
    with pytest.raises(DataError, match=message):
        build(str(tmp_path), target_language="fr").load()


def test_a_missing_language_of_a_translation_is_named(tmp_path: Path) -> None:
    write("translation parquet", tmp_path, "train")
    with pytest.raises(DataError, match=r"column fr, but split train has the columns de, en: set data.source_column"):
        build(str(tmp_path), source_language="fr").load()


def test_a_column_that_is_no_text_is_refused(tmp_path: Path) -> None:
    datasets.Dataset.from_dict({"en": [1, 2], "de": ["a", "b"]}).to_parquet(tmp_path / "train.parquet")
    with pytest.raises(DataError, match=r"column en in split train of x holds int64: set data.source_column to a colu"):
        build(str(tmp_path)).load()


def test_a_path_that_cannot_be_a_hub_name_is_missing() -> None:
    with pytest.raises(DataError, match=r"\./nowhere does not exist|nowhere does not exist \(looked for it as /"):
        build("./nowhere").load()


def hub(monkeypatch: pytest.MonkeyPatch, splits: dict[str, datasets.Dataset]) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = []

    def load(repository: str, **arguments: Any) -> dict[str, datasets.Dataset]:
        asked.append({"repository": repository, **arguments})
        return splits

    monkeypatch.setattr(corpus_module, "load_from_hub", load)
    return asked


def test_a_hub_name_is_asked_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = datasets.Dataset.from_dict({"en": ["a"], "de": ["b"]})
    asked = hub(monkeypatch, {"train": dataset, "dev": dataset, "other": dataset})
    loaded = build("owner/name", config_name="de-en", revision="abc").load()
    assert asked == [{"repository": "owner/name", "config_name": "de-en", "data_dir": None, "revision": "abc"}]
    assert list(loaded) == ["train", "validation"]
    assert rows(loaded["validation"]) == [("a", "b")]


def test_the_splits_of_the_hub_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (datasets.Dataset.from_dict({"en": [text], "de": ["b"]}) for text in ("1", "2"))
    hub(monkeypatch, {"test": first, "challenge": second})
    assert rows(build("owner/name", splits={"train": None, "test": "challenge"}).load()["test"]) == [("2", "b")]
    message = r"owner/name has the splits test, challenge, but data.splits.test is exam: choose one of them"
    with pytest.raises(DataError, match=message):
        build("owner/name", splits={"test": "exam"}).load()


def test_a_local_folder_comes_before_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = hub(monkeypatch, {})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "owner" / "name").mkdir(parents=True)
    write("jsonl", tmp_path / "owner" / "name", "train")
    assert rows(build("owner/name").load()["train"]) == PAIRS
    assert not asked


@pytest.mark.parametrize("name", ["multi30k", "multi30k_tok"])
def test_multi30k_loads_whole(name: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(name)
    loaded = build(str(folder)).load()
    sizes = {split: len(dataset) for split, dataset in loaded.items()}
    assert sizes == {"train": 29_000, "validation": 1_014, "test": 1_000}
