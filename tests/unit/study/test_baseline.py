from collections.abc import Callable
from pathlib import Path

import pytest

from attnlab.errors import ConfigError
from attnlab.study.baseline import Baseline, find_baseline
from attnlab.study.records import Record
from attnlab.study.rows import Row, rows_of

MakeRun = Callable[..., Path]
Read = Callable[[], list[Record]]


def over_sizes(make_run: MakeRun, records: Read, **models: tuple[int, ...]) -> list[Row]:
    for model, sizes in models.items():
        for size in sizes:
            make_run(f"{model}{size}", model, config={"model.hidden_size": size})
    return rows_of(records())


def test_a_row_is_measured_against_the_one_with_its_settings(make_run: MakeRun, records: Read) -> None:
    rows = over_sizes(make_run, records, luong_dot=(64, 256), no_attention=(64, 256))
    assert find_baseline(rows, None) == Baseline(
        "no_attention",
        {
            "luong_dot hidden_size=256": "no_attention hidden_size=256",
            "luong_dot hidden_size=64": "no_attention hidden_size=64",
        },
    )


def test_a_model_with_one_setting_has_the_baseline_of_this_setting(make_run: MakeRun, records: Read) -> None:
    rows = over_sizes(make_run, records, luong_dot=(64,), luong_general=(512,), no_attention=(64, 256))
    assert find_baseline(rows, None).against == {"luong_dot": "no_attention hidden_size=64"}


def test_settings_that_only_one_model_has_do_not_part_it_from_its_baseline(make_run: MakeRun, records: Read) -> None:
    for feeding in (True, False):
        make_run(f"{feeding}", config={"model.network.decoder": {"input_feeding": feeding}})
    make_run("none", "no_attention")
    found = find_baseline(rows_of(records()), None)
    assert set(found.against) == {"luong_dot input_feeding=true", "luong_dot input_feeding=false"}
    assert found.rows == ["no_attention"]


@pytest.mark.parametrize(
    ("models", "name", "picked"),
    [
        (["luong_dot", "luong_uniform", "no_attention_wide", "no_attention", "x"], "no_attention", False),
        (["luong_dot", "luong_uniform", "x"], "luong_uniform", False),
        (["luong_dot", "no_attention_wide", "x"], "no_attention_wide", False),
        (["luong_dot", "x"], "x", True),
    ],
)
def test_the_usual_baseline(make_run: MakeRun, records: Read, models: list[str], name: str, picked: bool) -> None:
    for model in models:
        make_run(model, model)
    rows = rows_of(records())
    assert find_baseline(rows, None) == Baseline(
        name, {model: name for model in models if model != name}, picked=picked
    )


def test_a_row_that_is_named_is_that_of_all_others(make_run: MakeRun, records: Read) -> None:
    rows = over_sizes(make_run, records, luong_dot=(64, 256), no_attention=(64,))
    found = find_baseline(rows, "luong_dot hidden_size=64")
    assert set(found.against) == {"luong_dot hidden_size=256", "no_attention"}
    assert not found.picked


def test_what_there_is_not_is_no_baseline(make_run: MakeRun, records: Read) -> None:
    rows = over_sizes(make_run, records, luong_dot=(64, 256))
    with pytest.raises(ConfigError, match="but there is no luong_cat to compare with: choose one of luong_dot, luong"):
        find_baseline(rows, "luong_cat")


def test_a_model_without_the_settings_of_another_is_no_baseline(make_run: MakeRun, records: Read) -> None:
    rows = over_sizes(make_run, records, luong_dot=(256,), no_attention=(64, 128))
    with pytest.raises(
        ConfigError, match=r"but no other row has just one of no_attention: name one.*no_attention hidden_size=128"
    ):
        find_baseline(rows, "no_attention")


def test_a_setting_that_was_added_has_a_baseline_with_it(make_run: MakeRun, records: Read) -> None:
    for model in ("luong_dot", "no_attention"):
        make_run(model, model)
        folder = make_run(f"{model}2", model, config={"optimizer.weight_decay": 0.1})
        (folder / ".hydra").mkdir()
        (folder / ".hydra" / "overrides.yaml").write_text("- +optimizer.weight_decay=0.1\n", encoding="utf-8")
    assert find_baseline(rows_of(records()), None).against == {
        "luong_dot": "no_attention",
        "luong_dot weight_decay=0.1": "no_attention weight_decay=0.1",
    }


def test_what_is_switched_off_is_not_like_what_is_on(make_run: MakeRun, records: Read) -> None:
    for model in ("luong_dot", "no_attention"):
        for name, averaging in (("on", {"_target_": "attnlab.MovingAverage", "decay": 0.9}), ("off", None)):
            make_run(f"{model} {name}", model, config={"callbacks": {"averaging": averaging}})
    assert find_baseline(rows_of(records()), None).against == {
        "luong_dot averaging=null": "no_attention averaging=null",
        "luong_dot averaging=MovingAverage": "no_attention averaging=MovingAverage",
    }


def test_rows_without_a_baseline_are_named(make_run: MakeRun, records: Read) -> None:
    rows = over_sizes(make_run, records, luong_dot=(64, 256), no_attention=(64, 128))
    missing = "no single row of no_attention has the settings of: luong_dot hidden_size=256"
    assert find_baseline(rows, None).missing(rows) == missing
    whole = [row for row in rows if "256" not in row.name]
    assert find_baseline(whole, None).missing(whole) == ""
    named = find_baseline(rows, "luong_dot hidden_size=64")
    assert named.missing(rows) == ""
