from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attnlab.study.provenance import budget, relative_path, statement
from attnlab.study.records import Record
from attnlab.study.rows import rows_of

MakeRun = Callable[..., Path]
Read = Callable[[], list[Record]]


def lines(records: list[Record], unfinished: list[Path] | None = None) -> list[str]:
    found = statement(rows_of(records), command="python compare.py runs=.", unfinished=unfinished or [])
    assert [line for line in found if line.differs] == [line for line in found if " differ: " in line.text]
    return [line.text for line in found]


def test_equal_runs_are_told_in_one_value_each(make_run: MakeRun, records: Read) -> None:
    for model in ("luong_dot", "no_attention"):
        for seed in (1, 2):
            make_run(f"{model}{seed}", model, seed)
    assert lines(records()) == [
        "mean over seeds ± half of its 95% interval (Student's t)",
        "command: python compare.py runs=.",
        "commit: 7fcb606",
        "hardware: AMD EPYC, 2 cores",
        "threads: 2",
        "precision: 32-true",
        "data: grammar, 1,000 test sentences",
        "training budget of each run: 36,000 pairs x 4 epochs",
        "seeds: 1, 2",
        "tuning: rows differ in nothing but what their names and the lines above tell",
        "sacreBLEU signature of bleu: nrefs:1|case:mixed",
    ]


def test_a_row_without_a_setting_is_not_named_with_it(make_run: MakeRun, records: Read) -> None:
    for model, decoder in (
        ("luong_dot", {"input_feeding": True}),
        ("luong_general", {"input_feeding": False}),
        ("no_attention", {}),
    ):
        make_run(model, model, config={"model.network.decoder": decoder}, composed=True)
    said = lines(records())
    assert "settings of input_feeding differ: true (luong_dot), false (luong_general)" in said


def test_budgets_that_differ_are_said(make_run: MakeRun, records: Read) -> None:
    make_run("0", "luong_dot")
    make_run("1", "luong_general")
    make_run("2", "no_attention", config={"trainer.max_epochs": 5, "data.limit.train": 1000})
    said = lines(records())
    assert (
        "budgets differ: 36,000 pairs x 4 epochs (luong_dot; luong_general), 1,000 pairs x 5 epochs (no_attention)"
        in said
    )
    assert "settings of max_epochs differ: 4 (luong_dot; luong_general), 5 (no_attention)" in said


def test_tokens_that_were_read_are_counted(make_run: MakeRun, records: Read) -> None:
    make_run("0", "luong_dot", metrics={"train/tokens": 5e6})
    make_run("1", "no_attention", metrics={"train/tokens": 5e6})
    assert "target tokens read by each run: 5,000,000" in lines(records())
    make_run("2", "luong_general", metrics={"train/tokens": 4e6}, config={"optimizer.lr": 0.1})
    said = lines(records())
    assert "target tokens read by a run differ: 4,000,000 (luong_general) to 5,000,000 (luong_dot)" in said


def test_other_validation_sentences_are_said(make_run: MakeRun, records: Read) -> None:
    make_run("0", metrics={"val/sentences": 500.0})
    assert not any(line.startswith("validation") for line in lines(records()))
    make_run("1", "no_attention", metrics={"val/sentences": 1274.0})
    assert "validation sentences differ: 500 (luong_dot), 1,274 (no_attention)" in lines(records())


def test_commits_that_differ_are_said_with_the_seeds_that_have_them(make_run: MakeRun, records: Read) -> None:
    make_run("0", "luong_dot", 1)
    make_run("1", "luong_dot", 2, environment={"git": {"commit": "02a5e0e337474754d1", "dirty": True}})
    make_run("2", "luong_dot", 3, environment={"git": {"commit": "02a5e0e337474754d1", "dirty": True}})
    make_run("3", "no_attention", environment={"git": None})
    assert (
        "commits differ: 7fcb606 (luong_dot seed 1), 02a5e0e with uncommitted changes (luong_dot seeds 2, 3), "
        "unknown (no_attention)" in lines(records())
    )


def test_machines_and_seeds_that_differ_are_said(make_run: MakeRun, records: Read) -> None:
    gpu = {"accelerator": "NVIDIA H100", "threads": 16, "precision": "bf16-mixed"}
    for seed in (1, 2):
        make_run(str(seed), seed=seed)
    make_run("3", "no_attention", environment=gpu)
    said = lines(records())
    assert said[0] == "mean over seeds ± half of its 95% interval (Student's t); one seed has none"
    for line in (
        "machines differ: AMD EPYC, 2 cores (luong_dot), NVIDIA H100, AMD EPYC, 2 cores (no_attention)",
        "numbers of threads differ: 2 (luong_dot), 16 (no_attention)",
        "precisions differ: 32-true (luong_dot), bf16-mixed (no_attention)",
        "seeds differ: 1, 2 (luong_dot), 1 (no_attention)",
    ):
        assert line in said


def test_one_seed_and_missing_runs_are_said(make_run: MakeRun, records: Read, tmp_path: Path) -> None:
    make_run("0")
    said = lines(records(), [Path("sweep/1"), tmp_path / "sweep" / "2"])
    assert said[0] == "figures of one seed, so without intervals"
    assert said[-1] == "without results (pruned, failed or not finished) and left out (2): sweep/1, sweep/2"


def test_only_a_difference_is_marked_as_one(make_run: MakeRun, records: Read) -> None:
    make_run("0")
    found = statement(rows_of(records()), command="python compare.py 'runs=[seeds differ: a]'", unfinished=[])
    assert not any(line.differs for line in found)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "36,000 pairs x 4 epochs"),
        ({"trainer.max_epochs": 1}, "36,000 pairs x 1 epoch"),
        ({"trainer.max_epochs": 20}, "36,000 pairs x up to 20 epochs"),
        ({"trainer.max_epochs": 20, "callbacks.early_stopping": None}, "36,000 pairs x 20 epochs"),
        (
            {"trainer.max_epochs": -1, "trainer.max_steps": 5000},
            "36,000 pairs x as many epochs as there is time, at most 5,000 steps",
        ),
        ({"trainer.limit_train_batches": 0.5}, "36,000 pairs x 4 epochs, 50% of the batches"),
        ({"trainer.limit_train_batches": 1}, "36,000 pairs x 4 epochs, 1 batches an epoch"),
        ({"data.limit.train": 500}, "500 pairs x 4 epochs"),
        ({"data.train_size": None}, "all pairs x 4 epochs"),
        ({"data.train_size": None, "data.limit.train": 500}, "up to 500 pairs x 4 epochs"),
        ({"data.sample.train": {"size": 700, "shares": None}}, "700 pairs x 4 epochs"),
        ({"data.sample.train": {"size": None, "shares": {"short": 1}}}, "up to 36,000 pairs x 4 epochs"),
        ({"data.length.train": [1, 9]}, "up to 36,000 pairs with sources of [1,9] words x 4 epochs"),
        (
            {"data.train_size": None, "data.length.train": [1, None]},
            "selected pairs with sources of [1,null] words x 4 epochs",
        ),
        ({"data.join": 3}, "up to 36,000 pairs (each of 3 joined) x 4 epochs"),
        ({"data.join": {"test": 3}}, "36,000 pairs x 4 epochs"),
        ({"data.join": {"train": 2}}, "up to 36,000 pairs (each of 2 joined) x 4 epochs"),
    ],
)
def test_budgets_are_read_from_the_configuration(
    make_run: MakeRun, records: Read, changes: dict[str, Any], text: str
) -> None:
    make_run("0", config=changes)
    assert budget(records()[0]) == text


def test_paths_are_seen_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    assert relative_path(tmp_path / "inside" / "run") == "run"
    assert relative_path(Path("run")) == "run"
    assert relative_path(tmp_path / "beside") == "../beside"
