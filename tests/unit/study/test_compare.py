import logging
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig

from attnlab.errors import ConfigError
from attnlab.study.compare import compare

Compose = Callable[..., DictConfig]
MakeRun = Callable[..., Path]


@pytest.fixture
def two_models(make_run: MakeRun) -> Path:
    for seed in (1, 2):
        for model, bleu in (("luong_dot", 90.0), ("no_attention", 60.0)):
            make_run(f"sweep/{model}{seed}", model, seed, metrics={"test/bleu": bleu + seed, "test/bleu/long": 1.0})
    return Path("sweep")


def test_a_sweep_becomes_a_table(two_models: Path, compose_config: Compose, capsys: pytest.CaptureFixture[str]) -> None:
    compare(compose_config("compare", f"runs={two_models.resolve()}"))
    said = capsys.readouterr().out
    assert "4 runs on the test split of grammar" in said
    assert re.search(r"luong_dot +2 +91.50 ±6.35 +1.00 ±0.00", said)
    table = Path("sweep/report/table.md").read_text("utf-8")
    assert table.splitlines()[0] == "| model | seeds | BLEU | BLEU long |"
    assert table.splitlines()[2] == "| luong_dot | 2 | 91.50 ±6.35 | 1.00 ±0.00 |"
    assert "- command: python compare.py paths.outputs=outputs runs=sweep\n" in table
    for file in Path("sweep/report").glob("*.[!p]*"):
        assert str(two_models.resolve().parent) not in file.read_text("utf-8"), file


def test_an_older_run_of_the_same_seed_is_left_out_and_told(
    two_models: Path, make_run: MakeRun, compose_config: Compose, capsys: pytest.CaptureFixture[str]
) -> None:
    os.utime("sweep/luong_dot2/metrics.json", (0, 0))
    make_run("sweep/again", "luong_dot", 2, metrics={"test/bleu": 99.0})
    compare(compose_config("compare", "runs=sweep"))
    assert "4 runs on the test split" in capsys.readouterr().out
    assert "- older runs of the same seed, left out: sweep/luong_dot2\n" in Path("sweep/report/table.md").read_text(
        "utf-8"
    )


def test_the_columns_of_alignment(two_models: Path, make_run: MakeRun, compose_config: Compose) -> None:
    make_run(
        "sweep/third", "luong_general", metrics={"test/bleu": 95.0, "test/aer": 0.1, "test/attention_entropy": 1.0}
    )
    compare(compose_config("compare", "runs=[sweep]", "columns=alignment", "output=elsewhere/report"))
    heading = Path("elsewhere/report/table.md").read_text("utf-8").splitlines()[0]
    assert heading == "| model | seeds | BLEU | AER | entropy |"
    assert not Path("sweep/report").exists()


def test_chosen_columns_and_order(two_models: Path, compose_config: Compose) -> None:
    compare(compose_config("compare", "runs=sweep", "columns=[test/bleu/*,test/sentences]", "descending=false"))
    lines = Path("sweep/report/table.md").read_text("utf-8").splitlines()
    assert lines[0] == "| model | seeds | BLEU short | BLEU long | sentences |"
    assert lines[2] == "| no_attention | 2 | – | 1.00 ±0.00 | 1,000 |"


def test_the_report_on_a_list_of_folders_lies_with_the_outputs(two_models: Path, compose_config: Compose) -> None:
    compare(compose_config("compare", "runs=[sweep/luong_dot1,sweep/no_attention1]"))
    (table,) = Path("outputs/reports").glob("*/table.md")
    assert "runs=\\[sweep/luong_dot1,sweep/no_attention1\\]" in table.read_text("utf-8")


def test_a_report_is_written_again_over_itself(two_models: Path, compose_config: Compose) -> None:
    for _ in range(2):
        compare(compose_config("compare", "runs=sweep"))
    assert {path.name for path in Path("sweep/report").iterdir()} == {"index.html", "table.md", "table.csv", "runs.csv"}


def test_what_is_missing_and_what_differs_is_warned_of(
    two_models: Path, make_run: MakeRun, compose_config: Compose, caplog: pytest.LogCaptureFixture
) -> None:
    (make_run("sweep/third", "luong_concat") / "metrics.json").unlink()
    make_run("sweep/fourth", "luong_general", config={"trainer.max_epochs": 3})
    with caplog.at_level(logging.INFO):
        compare(compose_config("compare", "runs=sweep"))
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warned[0] == "1 without results, left out: sweep/third"
    assert any(line.startswith("budgets differ: 36,000 pairs x 4 epochs (luong_dot; no_attention)") for line in warned)
    assert "- without results (pruned, failed or not finished) and left out (1): sweep/third\n" in Path(
        "sweep/report/table.md"
    ).read_text("utf-8")
    assert "report: sweep/report/index.html" in [record.getMessage() for record in caplog.records]


def test_why_rows_are_not_tested_and_which_has_no_baseline_is_warned_of(
    two_models: Path, make_run: MakeRun, compose_config: Compose, caplog: pytest.LogCaptureFixture
) -> None:
    make_run("sweep/large", "luong_dot", config={"model.hidden_size": 512})
    compare(compose_config("compare", "runs=sweep"))
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    reason = "5 of 5 runs have no translations.jsonl (the first: sweep/luong_dot1)"
    assert f"no row is tested against another: {reason}" in warned
    assert "no single row of no_attention has the settings of: luong_dot hidden_size=512" in warned


def test_one_run_is_told_to_be_alone(
    make_run: MakeRun, compose_config: Compose, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run("sweep/0", translations=[("a b", "x y", "x y")] * 2, metrics={"test/bleu": 100.0})
    compare(compose_config("compare", "runs=sweep"))
    told = "Nothing is tested: there is one row, name another run to compare it with."
    assert f"- {told}\n" in capsys.readouterr().out
    assert f"<li>{told}</li>" in Path("sweep/report/index.html").read_text("utf-8")


def test_the_committed_runs_can_be_compared(
    repository: Path, tmp_path: Path, compose_config: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    compare(compose_config("compare", "runs=docs/results/grammar", f"output={tmp_path}/report"))
    lines = (tmp_path / "report" / "table.md").read_text("utf-8").splitlines()
    assert {"| luong_general", "| no_attention"} <= {line.split(" | ")[0] for line in lines}
    assert any(line.startswith("- training budget of each run: 36,000 pairs x ") for line in lines)


MISTAKES = {
    "baseline": (
        ["runs=sweep", "baseline=x"],
        r"^baseline names a model, or a row in quotes \('baseline=\".*there is no x to compare with: choose one of lu",
    ),
    "number": (["runs=5"], "^runs is a folder or a list of folders, but it is 5: write runs=FOLDER or runs="),
    "nothing": (["runs=[]"], r"^runs is a folder or a list of folders, but it is \[\]"),
    "numbers": (["runs=[1,2]"], r"^runs is a folder or a list of folders, but it is \[1, 2\]"),
    "columns": (["runs=sweep", "columns=3"], "^columns is a list of metrics, but it is 3: write columns="),
    "no columns": (["runs=sweep", "columns=[]"], r"^columns is a list of metrics, but it is \[\]"),
    "group": (["runs=sweep", "columns=quantity"], "^columns is one of quality, alignment or a list of metrics, but it"),
    "no groups": (["runs=sweep", "groups=null"], "^groups has lists of metrics by name, but there are none: leave it"),
    "broken group": (["runs=sweep", "groups.quality=x"], "^groups.quality is a list of metrics, but it is 'x'"),
    "metric": (["runs=sweep", "columns=[test/blue]"], "^columns takes metrics that runs have, but none has test/blue"),
    "sort": (["runs=sweep", "sort=BLEU"], "^sort takes metrics that runs have, but none has BLEU"),
    "order": (["runs=sweep", "descending=yes"], "^descending is true or false, not 'yes': choose one"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name: str, two_models: Path, compose_config: Compose) -> None:
    arguments, message = MISTAKES[name]
    with pytest.raises(ConfigError, match=message) as caught:
        compare(compose_config("compare", *arguments))
    assert "\n" not in str(caught.value)
