import json
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import wandb
from lightning.pytorch.loggers import WandbLogger
from matplotlib.figure import Figure

from attnlab.errors import ConfigError
from attnlab.experiment.tracking import NoTracker, Tracker
from attnlab.experiment.wandb_tracking import Choice, WandbTracking, choose
from attnlab.training.pruning import Pruned

KEY = "k" * 40
CONFIG = {"model": {"hidden_size": 8}, "data": "grammar", "nothing": None, "lengths": [1, 9]}


def start(folder: Path, *, online: bool | None = None) -> Tracker:
    tracking = WandbTracking(
        project="attnlab", entity=None, group="sweep", online=online, init_timeout=1.0, finish_timeout=1.0
    )
    return tracking.start(folder=folder, name="luong_dot/grammar/0", tags=["luong_dot", "x" * 99, ""], config=CONFIG)


def inspect(folder: Path) -> Any:
    """What W&B's own reader finds in a run."""
    command = [str(Path(sys.executable).with_name("wandb")), "leet", "inspect", "--summary", "--json", str(folder)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)


def unanswered(server: socket.socket) -> bool:
    """Whether nobody has called."""
    try:
        server.accept()[0].close()
    except TimeoutError:
        return True
    return False


@pytest.mark.usefixtures("clean_wandb")
class TestChoice:
    def test_without_a_login_offline(self) -> None:
        assert choose(None) == Choice("offline", "not logged in")

    def test_a_key_in_the_environment_is_a_login(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WANDB_API_KEY", KEY)
        assert choose(None) == Choice("online", "logged in")

    def test_a_key_in_netrc_is_a_login(self, tmp_path: Path) -> None:
        (tmp_path / "netrc").write_text("machine example.org\n  login user\n  password x\n")
        assert choose(None).mode == "offline"
        host = wandb.Settings().base_url.removeprefix("https://")
        (tmp_path / "netrc").write_text(f"machine {host}\n  login user\n  password {KEY}\n")
        assert choose(None) == Choice("online", "logged in")

    def test_a_key_that_cannot_be_one_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WANDB_API_KEY", "short")
        choice = choose(None)
        assert choice.mode == "offline"
        assert "API key must have 40+ characters" in choice.reason

    @pytest.mark.parametrize("mode", ["offline", "dryrun"])
    def test_wandb_mode_outranks_the_login(self, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WANDB_API_KEY", KEY)
        monkeypatch.setenv("WANDB_MODE", mode)
        assert choose(None) == Choice("offline", "set by WANDB_MODE or `wandb offline`")
        assert choose(True).mode == "online"

    def test_the_configuration_outranks_the_login(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WANDB_API_KEY", KEY)
        assert choose(False) == Choice("offline", "logger.online is false")

    def test_disabled_is_disabled(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WANDB_MODE", "disabled")
        assert choose(True).mode == "disabled"
        tracker = start(tmp_path / "run")
        assert isinstance(tracker, NoTracker)
        assert "W&B: disabled by its own settings" in tracker.notice

    def test_online_needs_a_login(self) -> None:
        with pytest.raises(ConfigError, match=r"logger.online=true needs a login, .* not logged in: run `wandb login`"):
            choose(True)

    def test_an_unknown_mode_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WANDB_MODE", "sideways")
        with pytest.raises(ConfigError, match=r"W&B's settings must be valid.*unset WANDB_MODE"):
            choose(None)


def test_an_offline_run_holds_everything_and_calls_nobody(
    silent_server: socket.socket, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    figure = Figure(figsize=(1, 1))
    with start(tmp_path / "my run") as tracker:
        assert isinstance(tracker.lightning_logger, WandbLogger)
        tracker.lightning_logger.log_metrics({"val/bleu": 12.5}, step=3)
        tracker.log_table("test/by_length", ["length", "BLEU"], [["kürzer", 50.0], ["long", None]])
        tracker.log_image("attention/0", figure, caption="der alte Mann")
        tracker.log_summary({"best/val/bleu": 13.5})
    (folder,) = (tmp_path / "my run/wandb").glob("offline-run-*")
    found = inspect(folder)
    text = json.dumps(found)
    assert "luong_dot/grammar/0" in text
    assert "hidden_size" in text
    assert "13.5" in text
    assert "finished" in text
    assert len(list(folder.rglob("*.png"))) == 1
    (table,) = folder.rglob("*.table.json")
    assert json.loads(table.read_text(encoding="utf-8"))["data"] == [["kürzer", 50.0], ["long", None]]
    assert [path.name for path in tmp_path.iterdir() if path.name == "wandb"] == []
    place = shlex.quote(str(folder.relative_to(tmp_path)))
    assert tracker.notice.startswith("W&B: offline (not logged in), look with `")
    assert f"wandb leet {place}`" in tracker.notice
    assert f"wandb sync {place}`" in tracker.notice
    assert "\n" not in tracker.notice
    assert capfd.readouterr() == ("", "")
    wandb.teardown()
    assert unanswered(silent_server)


@pytest.mark.usefixtures("clean_wandb")
def test_a_failed_run_says_so_and_the_next_is_its_own(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), start(tmp_path / "first"):
        raise KeyboardInterrupt
    with start(tmp_path / "second") as tracker:
        tracker.finish(succeeded=True)  # twice does no harm
    assert "(not logged in)" in tracker.notice
    with pytest.raises(Pruned), start(tmp_path / "third"):
        raise Pruned("x")
    with pytest.raises(ValueError, match="x"), start(tmp_path / "fourth"):
        raise ValueError("x")
    runs = [
        inspect(folder)
        for name in ("first", "second", "third", "fourth")
        for folder in (tmp_path / name / "wandb").glob("offline-run-*")
    ]
    assert [run["state"] for run in runs] == ["failed", "finished", "finished", "failed"]
    assert [run["summary"].get("ended") for run in runs] == [None, None, "pruned", "failed"]
    assert ["pruned" in run["tags"] for run in runs] == [False, False, True, False]


def test_a_server_that_does_not_answer_means_offline(
    silent_server: socket.socket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    with start(tmp_path) as tracker:
        tracker.log_summary({"test/bleu": 1.0})
    assert tracker.notice.startswith("W&B: offline (logged in, but the server cannot be used: ")
    assert "wandb sync" in tracker.notice
    (folder,) = (path for path in (tmp_path / "wandb").glob("*run-*") if not path.is_symlink())
    assert folder.name.startswith("offline-run-")
    assert capfd.readouterr() == ("", "")
    assert not unanswered(silent_server)


@pytest.mark.usefixtures("clean_wandb")
def test_a_wandb_that_does_not_start_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("no free port\nand more")

    monkeypatch.setattr(wandb, "init", fail)
    tracker = start(tmp_path)
    assert tracker.notice == "W&B: off, it does not start (no free port). The figures are in the run folder only."
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    assert start(tmp_path).notice == tracker.notice


def test_only_the_first_process_shows_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    assert isinstance(start(tmp_path), NoTracker)
    assert list(tmp_path.iterdir()) == []
