"""Sweeps as their users start them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from command_line import TINY, Commands, Finished
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf
from optuna.trial import FrozenTrial

from attnlab.experiment.launch import CONF
from attnlab.experiment.storage import open_storage

PLACES = ("paths.outputs=swept", "paths.cache=cache")
UNHEARD: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
PRUNED = (
    "sweeps=normalizers",
    "seed=1",
    "model/normalizer=softmax",
    "optimizer.lr=0.003,0.01,1e-9",
    "monitor=val/loss",
    "monitor_mode=min",
    "hydra.sweeper.direction=minimize",
    "hydra/sweeper/pruner=median",
    "hydra.sweeper.pruner.n_startup_trials=1",
    "logger=wandb",
    "callbacks.early_stopping=null",
)
"""Two trainings that learn, the second faster, and one that hardly moves."""


def sweep(commands: Commands, *arguments: str) -> Finished:
    return commands("train", "-m", *TINY, *PLACES, *arguments)


def stored(folder: Path) -> list[FrozenTrial]:
    return optuna.load_study(study_name=folder.name, storage=open_storage(None, folder)).trials


@pytest.fixture(scope="session")
def swept(commands: Commands) -> Finished:
    """What the command said."""
    said = sweep(commands, *PRUNED)
    assert said.status == 0, said.stderr
    return said


@pytest.fixture(scope="session")
def folder(commands: Commands, swept: Finished) -> Path:
    """The sweep's."""
    return commands.folder / "swept" / "sweeps" / "normalizers"


def test_every_trial_is_in_a_folder_of_its_number(folder: Path) -> None:
    trials = stored(folder)
    assert [trial.state.name for trial in trials] == ["COMPLETE", "COMPLETE", "PRUNED"]
    for trial in trials:
        run = OmegaConf.load(folder / str(trial.number) / "config.yaml")
        assert run.optimizer.lr == trial.params["optimizer.lr"]
    assert {path.name for path in folder.iterdir() if path.name.isdigit()} == {"0", "1", "2"}


def test_trials_report_each_epoch_and_pruned_ones_end_early(folder: Path) -> None:
    for trial in stored(folder):
        finished = (folder / str(trial.number) / "metrics.json").exists()
        assert finished == (trial.state.name == "COMPLETE")
        assert list(trial.intermediate_values) == ([1, 2] if finished else [1])
        if finished:
            metrics = json.loads((folder / str(trial.number) / "metrics.json").read_text())["metrics"]
            assert trial.value == metrics["best/val/loss"] == min(trial.intermediate_values.values())


def test_the_table_is_on_the_terminal(swept: Finished) -> None:
    rows = re.findall(r"(?m)^ +(\d) +(complete|pruned) +(\d\.\d+) +(0\.003|0\.01|1e-09) +([12]) ", swept.stdout)
    assert [row[:2] + row[3:] for row in rows] == [
        ("1", "complete", "0.01", "2"),
        ("0", "complete", "0.003", "2"),
        ("2", "pruned", "1e-09", "1"),
    ]
    assert "sweep normalizers: finished (2 complete, 1 pruned); swept/sweeps/normalizers" in swept.stdout


def test_each_trial_is_a_wandb_run_of_one_group_and_pruned_ones_are_marked(folder: Path) -> None:
    runs = [inspect(path) for number in range(3) for path in (folder / str(number) / "wandb").glob("offline-run-*")]
    assert len({run["run_id"] for run in runs}) == 3
    assert [run["state"] for run in runs] == ["finished"] * 3
    assert ["pruned" in run["tags"] for run in runs] == [False, False, True]
    assert {run["config"]["logger"]["group"] for run in runs} == {"normalizers"}


def inspect(path: Path) -> Any:
    command = [str(Path(sys.executable).with_name("wandb")), "leet", "inspect", "--summary", "--json", str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)


def test_pictures_are_left(folder: Path) -> None:
    left = {path.name for path in (folder / "plots").iterdir()}
    assert left == {"history.png", "slice.png", "curves.png", "importances.png"}


def test_the_best_trial_is_an_experiment(folder: Path) -> None:
    text = (folder / "experiment" / "best.yaml").read_text("utf-8")
    best = min((trial for trial in stored(folder) if trial.value), key=lambda trial: trial.value or 0.0)
    assert text.startswith("# @package _global_\n")
    assert f"# Trial {best.number} of sweep normalizers" in text
    choices = yaml.safe_load(text)["defaults"]
    assert {"override /model": "luong"} in choices
    with initialize_config_dir(str(CONF)):
        overrides = [f"hydra.searchpath=[{folder}]", "experiment=best"]
        again = compose("train", overrides=overrides, return_hydra_config=True)
    run = OmegaConf.load(folder / str(best.number) / "composed.yaml")
    assert isinstance(run, DictConfig)
    for part in ("model", "optimizer", "data", "trainer", "loss", "search", "schedule", "callbacks"):
        containers: list[Any] = [OmegaConf.to_container(config[part]) for config in (run, again)]
        wanted, found = containers
        if part == "model":
            wanted["name"] = found["name"]
            wanted["network"]["embeddings"] = found["network"]["embeddings"]  # sizes of the vocabularies
        if part == "trainer":
            wanted["accelerator"] = found["accelerator"]
        assert found == wanted


def test_the_same_command_again_says_that_it_is_finished(commands: Commands, swept: Finished, folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.glob("[0-9]/**/*")}
    trials = stored(folder)
    again = sweep(commands, *PRUNED)
    assert again.status == 0, again.stderr
    table = swept.stdout[swept.stdout.index("trial  state") :]
    assert again.stdout[again.stdout.index("trial  state") :] == table
    assert stored(folder) == trials
    assert {path: path.stat().st_mtime_ns for path in folder.glob("[0-9]/**/*")} == before


def test_another_question_is_refused(commands: Commands, swept: Finished) -> None:
    said = sweep(commands, *PRUNED, "seed=2", "scheduled_sampling=0.1")
    assert "seed was 1 and is now 2; scheduled_sampling was 0.0 and is now 0.1: repeat the first" in said.error


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["sweeps=nothing"], "sweeps=nothing: sweeps has no choice nothing: choose one of attention_vs_none, hidden_s"),
        (
            ["sweeps=normalizers", "model/normalizer=softmax,softmix"],
            "model/normalizer=softmix: model/normalizer has no choice softmix: choose among entmax, ",
        ),
        (
            ["sweeps=tune_luong_general", "optimizer.rate=0.1,0.2"],
            "optimizer.rate=0.1,0.2: there is no value optimizer.rate to change",
        ),
        (
            ["sweeps=normalizers", "optimizer.lr=interval(0.1,1.0)"],
            "a grid tries every value, but optimizer.lr is a range without steps",
        ),
        (
            ["sweeps=normalizers", "hydra.sweeper.storage='postgresql+psycopg://x@127.0.0.1:9/y'"],
            "hydra.sweeper.storage=postgresql+psycopg://x@127.0.0.1:9/y cannot be reached",
        ),
        (["sweeps=normalizers", "monitor=val/blue"], "monitor names a metric of the validation, but val/blue is none"),
        (["sweeps=pareto", "objectives=[test/bleu,parameters]"], "but test/bleu is none"),
        (["sweeps=pareto", "objectives=null"], "a sweep has a direction for each objective, but 2 for 1"),
        (
            ["sweeps=pareto", "hydra/sweeper/pruner=median"],
            "pruned by monitor alone, but this sweep weighs best/val/bleu/long, parameters: set hydra/sweeper/pruner=n",
        ),
        (
            ["sweeps=tune_any", "objectives=[parameters]", "hydra.sweeper.direction=minimize"],
            "pruned by monitor alone, but this sweep weighs parameters: set hydra/sweeper/pruner=none",
        ),
        (
            ["sweeps=normalizers", "monitor=val/loss", "monitor_mode=min"],
            "the better values of best/val/loss, but hydra.sweeper.direction is maximize: set it to minimize",
        ),
        (
            ["sweeps=pareto", "hydra.sweeper.direction=[maximize,maximize]"],
            "the better values of parameters, but hydra.sweeper.direction is ['maximize', 'maximize']: set it to min",
        ),
        (
            ["sweeps=tune_any", "hydra.sweeper.trials=5"],
            "hydra.sweeper.trials=5: there is no value hydra.sweeper.trials to change: did you mean hydra.sweeper.n",
        ),
        (
            ["sweeps=normalizers", "hydra.sweeper.sampler=random"],
            "hydra.sweeper.sampler=random: choices are written with slashes: hydra/sweeper/sampler=random.",
        ),
        (["sweeps=normalizers", "hydra.sweeper.direction=up"], "direction is minimize or maximize, or a list of them"),
        (["sweeps=normalizers", "hydra.sweeper.workers=0"], "workers run trials side by side, but there are 0: use 1"),
        (["sweeps=normalizers", "hydra.sweeper.heartbeat=200"], "heartbeat is 200.0 and grace_period 120.0: make hear"),
        (["sweeps=tune_any", "hydra.sweeper.n_trials=null"], "a search ends after n_trials trials, but there is no"),
        (
            ["sweeps=normalizers", "hydra.sweeper.n_trials=0"],
            "a sweep has trials, but hydra.sweeper.n_trials is 0: set",
        ),
        (["sweeps=normalizers,pareto"], "sweeps=normalizers,pareto: a command runs one sweep: give each a command of"),
    ],
)
def test_bad_input_is_told_before_the_first_trial(commands: Commands, arguments: list[str], told: str) -> None:
    said = sweep(commands, *arguments, "hydra.sweep.dir=swept/sweeps/bad")
    assert told in said.error
    assert not list((commands.folder / "swept/sweeps/bad").glob("[0-9]*"))


def test_a_sweep_file_alone_trains_once(commands: Commands) -> None:
    """Without -m its settings hold, no trial is looked for, and the user is told."""
    said = commands("train", *TINY, "sweeps=normalizers", "paths.outputs=alone", "paths.cache=cache")
    assert said.status == 0, said.stderr
    assert "this is one run with the settings of sweeps=normalizers: with -m all of its trials run" in said.stdout


@pytest.fixture
def processes() -> Iterator[list[Any]]:
    """Those that a test starts; none outlives it."""
    begun: list[Any] = []
    yield begun
    for process in begun:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_killed_sweep_goes_on_in_the_middle_of_a_training(commands: Commands, processes: list[Any]) -> None:
    arguments = ("-m", *TINY, *PLACES, "sweeps=attention_vs_none", "seed=1", "model=luong_dot,no_attention")
    settings = ("trainer.max_epochs=40", "callbacks.early_stopping=null", "hydra.sweep.dir=swept/sweeps/killed")
    folder = commands.folder / "swept/sweeps/killed"
    for epochs in (3, 20):
        processes.append(commands.start("train", *arguments, *settings, **UNHEARD))
        journal = folder / "0" / "train.log"
        while not journal.exists() or f"epoch {epochs}," not in journal.read_text():
            assert processes[-1].poll() is None
            time.sleep(0.05)
        os.kill(processes[-1].pid, signal.SIGKILL)
        processes[-1].wait()
    assert commands("train", *arguments, *settings).status == 0
    trials = stored(folder)
    assert [trial.params["model"] for trial in trials] == ["luong_dot", "no_attention"]
    assert [trial.state.name for trial in trials] == ["COMPLETE"] * 2
    assert [list(trial.intermediate_values) for trial in trials] == [list(range(1, 41))] * 2
    told = re.findall(r"epoch (\d+),", (folder / "0" / "train.log").read_text())
    assert len(told) < 45  # few were trained twice
    assert sorted(set(map(int, told))) == list(range(40))
    assert json.loads((folder / "0" / "metrics.json").read_text())["run"]["folder"] == "swept/sweeps/killed/0"
