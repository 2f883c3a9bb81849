"""A run that was ended goes on, and says so."""

import json
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from command_line import TINY, Commands, Trained, figures

from attnlab.training.checkpoint_file import read_checkpoint

LONG = (*TINY, "trainer.max_epochs=100000", "callbacks.early_stopping=null", "paths.cache=cache")
"""A training that goes on until it is told to stop."""


@pytest.fixture
def copied(trained: Trained, tmp_path: Path) -> Path:
    """A copy of a finished run."""
    return Path(shutil.copytree(trained.folder, tmp_path / "copy"))


def comparable(folder: Path) -> dict[str, float]:
    return {name: value for name, value in figures(folder).items() if not name.endswith("_per_second")}


def test_a_finished_run_is_left_as_it_is(commands: Commands, copied: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in copied.rglob("*") if path.suffix != ".log"}
    said = commands("train", f"resume={copied}")
    assert said.status == 0
    assert said.stdout.endswith(f"{copied} is finished: python evaluate.py run={copied} scores it again\n")
    assert {path: path.stat().st_mtime_ns for path in copied.rglob("*") if path.suffix != ".log"} == before


@pytest.mark.parametrize(
    "lost",
    [
        ["metrics.json"],
        ["metrics.json", "checkpoints/model.ckpt"],
        ["metrics.json", "checkpoints/model.ckpt", "checkpoints/last.ckpt", "tokenizer/source.json"],
    ],
    ids=["the test", "the end of training", "all"],
)
def test_what_is_lost_comes_again(commands: Commands, trained: Trained, copied: Path, lost: list[str]) -> None:
    """In a folder that was moved, too."""
    for name in lost:
        (copied / name).unlink()
    said = commands("train", f"resume={copied}", "paths.cache=cache")
    assert said.status == 0, said.stderr
    assert comparable(copied) == comparable(trained.folder)
    assert all((copied / name).exists() for name in lost)
    assert "seed=0" in (copied / ".hydra" / "overrides.yaml").read_text("utf-8")


def test_latest_is_the_run_that_has_done_something_last(commands: Commands, copied: Path, tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(copied, older)
    (copied / "checkpoints" / "last.ckpt").touch()
    said = commands("train", "resume=latest", f"paths.outputs={tmp_path}")
    assert f"{copied} is finished" in said.stdout


MISTAKES: dict[str, tuple[list[str], str]] = {
    "nowhere": (
        ["resume=nowhere"],
        r"resume names the folder of a run, but nowhere has no composed.yaml and tokenizer/",
    ),
    "none yet": (
        ["resume=latest", "paths.outputs=none"],
        "resume=latest continues a run, but none has none: start one",
    ),
    "another setting": (
        ["resume=RUN", "seed=2", "model=luong_dot"],
        "begun, but seed=2 model=luong_dot would change it",
    ),
    "a sweep": (["-m", "resume=RUN"], "continues a run as it was begun, but -m would change it: leave that out"),
    "a sweep in words": (["resume=RUN", "--multirun"], "but --multirun would change it"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_cannot_go_on_is_refused(commands: Commands, copied: Path, mistake: str) -> None:
    arguments, message = MISTAKES[mistake]
    error = commands("train", *(each.replace("RUN", str(copied)) for each in arguments)).error
    assert re.search(message, error), error


def damaged(folder: Path) -> None:
    path = folder / "checkpoints" / "last.ckpt"
    path.write_bytes(path.read_bytes()[:-1000])


def other_data(folder: Path) -> None:
    text = (folder / "composed.yaml").read_text("utf-8")
    (folder / "composed.yaml").write_text(text.replace("train_size: 200", "train_size: 201"), "utf-8")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (damaged, "last.ckpt is no whole attnlab checkpoint .*: it may be truncated or altered; name another"),
        (other_data, "a run goes on with the data it began with, but grammar is not what it was: restore its files"),
    ],
)
def test_a_run_that_is_not_what_it_was_is_refused(
    commands: Commands, copied: Path, spoil: Callable[[Path], None], message: str
) -> None:
    (copied / "metrics.json").unlink()
    spoil(copied)
    error = commands("train", f"resume={copied}", "paths.cache=cache").error
    assert re.search(message, error), error


def test_wandb_shows_one_run(commands: Commands, tmp_path: Path) -> None:
    run = commands.train("resumed_wandb", "logger=wandb", "trainer.max_epochs=1")
    (run.folder / "metrics.json").unlink()
    said = commands("train", f"resume={run.folder}", "paths.cache=cache")
    assert said.status == 0, said.stderr
    starts = sorted(path.name for path in run.folder.glob("wandb/offline-run-*"))
    assert len(starts) == 2
    assert len({name.rpartition("-")[2] for name in starts}) == 1
    assert re.search(rf"wandb sync \S*{starts[0]} \S*{starts[1]}`", said.stdout)


# What follows runs as processes of their own.


def wait_for(process: Any, text: bytes) -> None:
    while text not in process.stdout.readline():
        assert process.poll() is None


def test_a_stopped_training_says_how_it_goes_on(commands: Commands) -> None:
    process = commands.start("train", *LONG, "hydra.run.dir=stopped run")
    try:
        wait_for(process, b"epoch 0")
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=60)
    finally:
        process.kill()  # or a signal that is not heard would leave it training
    assert process.returncode == 128 + signal.SIGTERM
    heard, end = stderr.decode().splitlines()
    assert heard == "SIGTERM: stops where it can go on later; once more stops at once"
    stopped = re.fullmatch(r"stopped by SIGTERM after step ([\d,]+); go on with: python train.py 'resume=(.*)'", end)
    assert stopped, end
    assert stopped[2] == "stopped run"
    state = read_checkpoint(commands.folder / "stopped run" / "checkpoints" / "last.ckpt")
    assert f"{state['global_step']:,}" == stopped[1]


def test_two_processes_train_one_run(commands: Commands, tmp_path: Path) -> None:
    """Every sentence is read by one of them: means over all tokens are those of one process, if no weight moves."""
    standing_still = ("optimizer.lr=1e-30", "trainer.max_epochs=1", "data.validation_size=21")
    one = commands.train("one_process", *standing_still)
    places = ("hydra.run.dir=two_processes", "paths.cache=cache")
    said = commands.alone("train", *TINY, *standing_still, *places, "trainer=ddp", "logger=wandb")
    assert said.status == 0, said.stderr
    folder = commands.folder / "two_processes"
    first, second = comparable(one.folder), comparable(folder)
    assert second.keys() == first.keys()
    for name, value in first.items():
        if name.startswith(("val/", "test/", "best/")):
            assert second[name] == value, name
    assert second["train/nll"] == pytest.approx(first["train/nll"], rel=1e-5)
    assert said.stdout.count("on the test split of grammar") == 1
    assert said.stdout.count("run folder:") == said.stdout.count("epoch 0,") == 1
    assert len(list(folder.glob("wandb/offline-run-*"))) == 1
    assert {path.name for path in folder.glob("checkpoints/*")} == {
        "epoch=000-step=000002.ckpt",
        "last.ckpt",
        "model.ckpt",
    }
    assert not (commands.folder / "outputs").exists()


@pytest.mark.slow
def test_two_processes_stop_and_go_on_together(commands: Commands) -> None:
    settings = (*TINY, "trainer=ddp", "trainer.max_epochs=40", "paths.cache=cache", "callbacks.early_stopping=null")
    whole = commands.alone("train", *settings, "hydra.run.dir=whole_pair")
    assert whole.status == 0, whole.stderr
    process = commands.start("train", *settings, "hydra.run.dir=stopped_pair")
    try:
        wait_for(process, b"epoch 0")
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 128 + signal.SIGTERM, stderr
    assert stderr.decode().count("go on with: python train.py resume=stopped_pair") == 1
    said = commands.alone("train", "resume=stopped_pair", "paths.cache=cache")
    assert said.status == 0, said.stderr
    weights = [
        read_checkpoint(commands.folder / name / "checkpoints" / "model.ckpt")["state_dict"]
        for name in ("whole_pair", "stopped_pair")
    ]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_a_run_can_be_repeated_from_nothing(commands: Commands, trained: Trained) -> None:
    """Another process with an empty cache: the same tokenizers, weights and figures, and a report of where it ran."""
    again = commands.alone(
        "train", *TINY, "seed=0", "hydra.run.dir=from_nothing", "paths.cache=empty_cache", "deterministic=true"
    )
    assert again.status == 0, again.stderr
    folder = commands.folder / "from_nothing"
    for name in ("tokenizer/source.json", "tokenizer/target.json", "translations.jsonl"):
        assert (folder / name).read_bytes() == (trained.folder / name).read_bytes()
    assert comparable(folder) == comparable(trained.folder)
    first, second = (
        read_checkpoint(each / "checkpoints" / "model.ckpt")["state_dict"] for each in (folder, trained.folder)
    )
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    environment = json.loads((folder / "metrics.json").read_text("utf-8"))["environment"]
    assert environment["threads"] == 1
    assert {"cpu", "precision", "git", "deterministic"} <= environment.keys()
