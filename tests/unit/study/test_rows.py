import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from attnlab.study.records import Record
from attnlab.study.rows import rows_of, unnamed_differences
from attnlab.study.settings import ABSENT

ADDITIVE = {"_target_": "attnlab.attention.additive.Additive", "key_size": 256}
LOW_RANK = {"_target_": "attnlab.attention.low_rank.LowRank"}

MakeRun = Callable[..., Path]
Read = Callable[[], list[Record]]


def test_the_seeds_of_a_model_are_one_row(make_run: MakeRun, records: Read) -> None:
    for folder, model, seed in (("0", "luong_dot", 3), ("1", "no_attention", 1), ("2", "luong_dot", 1)):
        make_run(folder, model, seed)
    rows = rows_of(records())
    assert [(row.name, row.seeds, row.settings) for row in rows] == [
        ("luong_dot", (1, 3), {}),
        ("no_attention", (1,), {}),
    ]


@pytest.mark.parametrize("composed", [True, False])
def test_settings_tell_rows_of_one_model_apart(make_run: MakeRun, records: Read, composed: bool) -> None:
    for folder, hidden_size, seed in (("0", 128, 1), ("1", 128, 2), ("2", 256, 1)):
        sizes = {"model.hidden_size": hidden_size, "model.network.encoder.memory_size": hidden_size}
        make_run(folder, seed=seed, config=sizes, composed=composed)
    make_run("3", "no_attention")
    rows = rows_of(records())
    assert [(row.name, row.seeds) for row in rows] == [
        ("luong_dot hidden_size=128", (1, 2)),
        ("luong_dot hidden_size=256", (1,)),
        ("no_attention", (1,)),
    ]
    assert [row.settings for row in rows] == [{"model.hidden_size": 128}, {"model.hidden_size": 256}, {}]


def test_a_component_is_told_by_its_class(make_run: MakeRun, records: Read) -> None:
    make_run("0", composed=True)
    gru = {"_target_": "attnlab.seq2seq.cells.GRU"}
    make_run("1", config={"model.cell": gru, "model.network.encoder.cell": gru, "optimizer.lr": 0.001}, composed=True)
    names = [row.name for row in rows_of(records())]
    assert names == ["luong_dot cell=LSTM lr=0.003", "luong_dot cell=GRU lr=0.001"]


def typed(folder: Path, *overrides: str) -> None:
    """Leaves what Hydra keeps of a command line."""
    (folder / ".hydra").mkdir()
    (folder / ".hydra" / "overrides.yaml").write_text(yaml.safe_dump(list(overrides)), encoding="utf-8")


def test_a_setting_that_was_deleted_tells_rows_apart(make_run: MakeRun, records: Read) -> None:
    averaging = {"_target_": "attnlab.training.averaging.MovingAverage", "decay": 0.995}
    make_run("0", config={"callbacks.averaging": averaging})
    typed(make_run("1"), "~callbacks.averaging")
    assert [row.name for row in rows_of(records())] == ["luong_dot averaging=MovingAverage", "luong_dot"]


def test_a_setting_that_somebody_made_follow_another_tells_rows_apart(make_run: MakeRun, records: Read) -> None:
    make_run("0", composed=True)
    following = {"model.network.encoder.memory_size": 128}
    typed(make_run("1", seed=2, composed=True, config=following), "model.network.encoder.memory_size=${model.x}")
    assert [row.name for row in rows_of(records())] == ["luong_dot memory_size=256", "luong_dot memory_size=128"]


def test_one_batch_is_not_all_batches(make_run: MakeRun, records: Read) -> None:
    make_run("0")
    make_run("1", seed=2, config={"trainer.limit_train_batches": 1})
    names = [row.name for row in rows_of(records())]
    assert names == ["luong_dot limit_train_batches=1.0", "luong_dot limit_train_batches=1"]


@pytest.mark.parametrize("composed", [True, False])
def test_a_setting_that_one_run_lacks_tells_the_others_apart(make_run: MakeRun, records: Read, composed: bool) -> None:
    """Only a low-rank score has a rank; all of these runs have the same seed."""
    for folder, score in enumerate([ADDITIVE, {**LOW_RANK, "rank": 8}, {**LOW_RANK, "rank": 16}]):
        make_run(str(folder), "bahdanau", config={"model.attention": score}, composed=composed)
    rows = rows_of(records())
    assert [row.name for row in rows] == [
        "bahdanau attention=Additive",
        "bahdanau attention=LowRank rank=8",
        "bahdanau attention=LowRank rank=16",
    ]
    assert [row.settings.get("model.attention.rank") for row in rows] == [None, 8, 16]
    assert "model.attention.rank" not in rows[0].settings
    assert unnamed_differences(rows) == {}


def test_of_the_same_run_twice_the_newest_counts(make_run: MakeRun, records: Read) -> None:
    for folder, written in (("first", 3e9), ("second", 2e9), ("third", 1e9)):
        make_run(folder, seed=2)
        os.utime(f"{folder}/metrics.json", (written, written))
    (row,) = rows_of(records())
    assert [record.folder.name for record in row.records] == ["first"]


def test_long_numbers_are_short_in_names_unless_they_are_then_the_same(make_run: MakeRun, records: Read) -> None:
    for folder, rate in (("a", 0.0024873946), ("b", 0.01)):
        make_run(folder, config={"optimizer.lr": rate})
    assert [row.name for row in rows_of(records())] == ["luong_dot lr=0.002487", "luong_dot lr=0.01"]
    make_run("c", config={"optimizer.lr": 0.0024873945})
    assert [row.name for row in rows_of(records())] == [
        "luong_dot lr=0.0024873946",
        "luong_dot lr=0.01",
        "luong_dot lr=0.0024873945",
    ]


def test_a_figure_is_the_mean_of_the_seeds_that_know_it(make_run: MakeRun, records: Read) -> None:
    for seed, metrics in enumerate(
        [{"test/bleu": 2.0, "test/aer": 0.5}, {"test/bleu": 4.0, "test/aer": None}, {"test/bleu": 9.0}]
    ):
        make_run(str(seed), seed=seed, metrics=metrics)
    (row,) = rows_of(records())
    bleu, aer = row.estimate("test/bleu"), row.estimate("test/aer")
    assert bleu is not None
    assert (bleu.mean, bleu.count) == (5.0, 3)
    assert aer is not None
    assert (aer.mean, aer.half_width, aer.count) == (0.5, None, 1)
    assert row.estimate("test/chrf") is None


def test_what_differs_between_models_and_no_name_says(make_run: MakeRun, records: Read) -> None:
    make_run("0", composed=True)
    make_run(
        "1",
        "no_attention",
        config={"model.hidden_size": 384, "model.network.encoder.memory_size": 999, "optimizer.lr": 0.001},
        composed=True,
    )
    assert unnamed_differences(rows_of(records())) == {
        "model.hidden_size": [[256], [384]],
        "optimizer.lr": [[0.003], [0.001]],
    }


def test_a_run_that_lacks_a_setting_does_not_hide_those_of_its_row(make_run: MakeRun, records: Read) -> None:
    """The first run of luong_dot was made by code that did not know the setting."""
    for folder, model, seed, options in (
        ("0", "luong_dot", 1, {}),
        ("1", "luong_dot", 2, {"optimizer.eps": 0.1}),
        ("2", "no_attention", 1, {"optimizer.eps": 0.2}),
    ):
        make_run(folder, model, seed, config=options, composed=True)
    assert unnamed_differences(rows_of(records())) == {"optimizer.eps": [[ABSENT, 0.1], [0.2]]}


def test_components_that_are_switched_off_or_set_differently_are_told_apart(make_run: MakeRun, records: Read) -> None:
    stop = {"_target_": "lightning.EarlyStopping"}
    for folder, value in enumerate([None, {**stop, "patience": 2}, {**stop, "patience": 9}]):
        make_run(str(folder), config={"callbacks.early_stopping": value}, composed=True)
    assert [row.name for row in rows_of(records())] == [
        "luong_dot early_stopping=null",
        "luong_dot early_stopping=EarlyStopping patience=2",
        "luong_dot early_stopping=EarlyStopping patience=9",
    ]


def test_what_only_some_names_say_is_still_told(make_run: MakeRun, records: Read) -> None:
    for folder, model, hidden_size in (("0", "luong_dot", 128), ("1", "luong_dot", 256), ("2", "no_attention", 256)):
        make_run(folder, model, config={"model.hidden_size": hidden_size}, composed=True)
    assert unnamed_differences(rows_of(records())) == {"model.hidden_size": [[128], [256], [256]]}


def test_what_every_name_says_is_not_told_again(make_run: MakeRun, records: Read) -> None:
    for folder, rate in (("0", 0.1), ("1", 0.2)):
        make_run(folder, config={"optimizer.lr": rate}, composed=True)
    rows = rows_of(records())
    assert [row.name for row in rows] == ["luong_dot lr=0.1", "luong_dot lr=0.2"]
    assert unnamed_differences(rows) == {}


@pytest.mark.parametrize("composed", [True, False])
def test_how_decoders_and_attentions_of_models_are_set_is_told(
    make_run: MakeRun, records: Read, composed: bool
) -> None:
    """Not their classes, which the models' names stand for, nor what only one of them has."""
    luong = {"_target_": "attnlab.seq2seq.luong.LuongDecoder"}
    for folder, model, decoder, attention in (
        ("0", "luong_dot", {**luong, "input_feeding": True}, {"_target_": "Dot", "normalized": True}),
        ("1", "luong_general", {**luong, "input_feeding": False}, {"_target_": "General", "bias": True}),
        ("2", "no_attention", {"_target_": "attnlab.seq2seq.no_attention.NoAttentionDecoder"}, {}),
    ):
        config = {"model.network.decoder": decoder, "model.attention": attention}
        make_run(folder, model, config=config, composed=composed)
    assert unnamed_differences(rows_of(records())) == {
        "model.network.decoder.input_feeding": [[True], [False], [ABSENT]]
    }


def test_runs_with_a_setting_of_their_own_are_a_row_of_their_own(make_run: MakeRun, records: Read) -> None:
    """Added on the command line, so that other runs do not have it at all."""
    for seed in (1, 2):
        make_run(f"plain{seed}", seed=seed)
        folder = make_run(f"decayed{seed}", seed=seed, config={"optimizer.weight_decay": 0.1})
        (folder / ".hydra").mkdir()
        (folder / ".hydra" / "overrides.yaml").write_text("- seed=1\n- +optimizer.weight_decay=0.1\n", encoding="utf-8")
    assert [(row.name, row.seeds) for row in rows_of(records())] == [
        ("luong_dot weight_decay=0.1", (1, 2)),
        ("luong_dot", (1, 2)),
    ]
