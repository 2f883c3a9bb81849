import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from matplotlib.figure import Figure

from attnlab.experiment.tracking import BestAndLast, CSVTracking, NoTracker, NoTracking, Tracker, Tracking
from attnlab.training.pruning import Pruned

CONFIG = {"model": {"hidden_size": 8}, "seed": 0, "nothing": None, "several": [1, 2]}


def start_csv(folder: Path) -> Tracker:
    return CSVTracking(flush_every=1).start(
        folder=folder, name="luong_dot/grammar/0", tags=["luong_dot"], config=CONFIG
    )


def figure() -> Figure:
    drawn = Figure(figsize=(1, 1))
    drawn.subplots().plot([0, 1])
    return drawn


def test_none_shows_nothing(tmp_path: Path) -> None:
    with NoTracking().start(folder=tmp_path, name="a/b/0", tags=[], config=CONFIG) as tracker:
        assert tracker.lightning_logger is False
        tracker.log_table("test/by_length", ["a"], [[1]])
        tracker.log_image("attention/0", figure())
        tracker.log_summary({"test/bleu": 1.0})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("tracking", [NoTracking(), CSVTracking(flush_every=1)])
def test_every_way_of_tracking_is_known_as_one(tracking: object) -> None:
    assert isinstance(tracking, Tracking)
    assert not isinstance(NoTracker("no"), Tracking)


def test_csv_leaves_everything_as_files(tmp_path: Path) -> None:
    with start_csv(tmp_path) as tracker:
        assert isinstance(tracker.lightning_logger, lightning.pytorch.loggers.CSVLogger)
        tracker.lightning_logger.log_metrics({"val/bleu": 12.5}, step=3)
        tracker.lightning_logger.save()
        tracker.log_table("test/by_length", ["length", "BLEU"], [["short", 50.0], ["länger, \n viel", None]])
        tracker.log_image("attention/0", figure())
        tracker.log_summary({"a": 1.0, "b": 2.0})
        tracker.log_summary({"b": 3.0, "c": float("nan")})
    folder = tmp_path / "csv" / "version_0"
    assert str(folder) in tracker.notice
    with (folder / "metrics.csv").open() as file:
        assert [row["val/bleu"] for row in csv.DictReader(file)] == ["12.5"]
    with (folder / "tables/test/by_length.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["length", "BLEU"], ["short", "50.0"], ["länger, \n viel", ""]]
    assert (folder / "images/attention/0.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((folder / "summary.json").read_text()) == {"a": 1.0, "b": 3.0}
    assert "hidden_size: 8" in (folder / "hparams.yaml").read_text()


def test_a_later_table_replaces_the_earlier(tmp_path: Path) -> None:
    tracker = start_csv(tmp_path)
    tracker.log_table("t", ["a"], [[1], [2]])
    tracker.log_table("t", ["a"], [[3]])
    assert (tmp_path / "csv/version_0/tables/t.csv").read_text().split() == ["a", "3"]
    tracker.finish(succeeded=True)


def test_a_resumed_run_keeps_the_curves_of_the_first_start(tmp_path: Path) -> None:
    for step in (1, 2):
        with start_csv(tmp_path) as tracker:
            assert tracker.lightning_logger
            tracker.lightning_logger.log_metrics({"val/bleu": 1.0}, step=step)
    assert sorted(path.parent.name for path in tmp_path.rglob("metrics.csv")) == ["version_0", "version_1"]


class Recorder(NoTracker):
    """Remembers the summary and how the run ended."""

    def __init__(self) -> None:
        super().__init__("recorded")
        self.summary: dict[str, float] = {}
        self.summaries: list[dict[str, float]] = []
        self.ends: list[bool] = []
        self.marks: list[str] = []

    def log_summary(self, values: Any) -> None:
        self.summary |= values
        self.summaries.append(dict(self.summary))

    def mark(self, word: str) -> None:
        self.marks.append(word)

    def finish(self, *, succeeded: bool) -> None:
        self.ends.append(succeeded)


def test_an_exception_marks_the_run_as_failed() -> None:
    recorder = Recorder()
    with recorder:
        pass
    with pytest.raises(KeyboardInterrupt), recorder:
        raise KeyboardInterrupt
    with pytest.raises(ValueError, match="x"), recorder:
        raise ValueError("x")
    assert recorder.ends == [True, False, False]
    assert recorder.marks == ["failed"]


def test_a_pruned_run_is_marked_and_has_not_failed() -> None:
    recorder = Recorder()
    with pytest.raises(Pruned), recorder:
        raise Pruned("x")
    assert (recorder.ends, recorder.marks) == ([True], ["pruned"])


def test_csv_keeps_the_mark(tmp_path: Path) -> None:
    with pytest.raises(Pruned), start_csv(tmp_path):
        raise Pruned("x")
    assert (tmp_path / "csv/version_0/ended.txt").read_text() == "pruned\n"


def test_best_and_last_are_written_at_each_validation() -> None:
    recorder = Recorder()
    callback = BestAndLast(recorder, rising=["val/bleu"], falling=["val/loss"])
    callback.keep({"val/bleu": 20.0, "val/loss": 2.0, "val/other": 1.0}, 10)
    assert recorder.summary["best/val/loss"] == 2.0
    callback.keep({"val/bleu": 30.0, "val/loss": 1.0}, 20)
    callback.keep({"val/bleu": 25.0, "val/loss": float("nan")}, 30)
    assert math.isnan(recorder.summary.pop("val/loss"))
    assert recorder.summary == {
        "val/bleu": 25.0,
        "best/val/bleu": 30.0,
        "best/val/bleu/step": 20.0,
        "best/val/loss": 1.0,
        "best/val/loss/step": 20.0,
    }


def test_a_resumed_run_remembers_its_best() -> None:
    first = BestAndLast(Recorder(), rising=["val/bleu"], falling=[])
    first.keep({"val/bleu": 30.0}, 10)
    recorder = Recorder()
    second = BestAndLast(recorder, rising=["val/bleu"], falling=[])
    second.load_state_dict(first.state_dict())
    second.keep({"val/bleu": 20.0}, 20)
    assert recorder.summary == {"val/bleu": 20.0, "best/val/bleu": 30.0, "best/val/bleu/step": 10.0}


class Falling(lightning.LightningModule):
    """A model whose validation loss is 1, 1/2, 1/3 and so on."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))

    def training_step(self, batch: torch.Tensor) -> torch.Tensor:
        return self.weight * batch.sum()

    def validation_step(self, batch: torch.Tensor) -> None:
        self.log("val/loss", 1 / (self.current_epoch + 1), batch_size=1)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Ones:
    """One batch."""

    def __iter__(self) -> Iterator[torch.Tensor]:
        return iter([torch.ones(1)])

    def __len__(self) -> int:
        return 1


@pytest.mark.filterwarnings("ignore:.isinstance.treespec, LeafSpec:FutureWarning")  # Lightning 2.6 on PyTorch 2.13
def test_the_summary_grows_while_lightning_trains(tmp_path: Path) -> None:
    recorder = Recorder()
    trainer = lightning.Trainer(
        max_epochs=3,
        accelerator="cpu",
        logger=recorder.lightning_logger,
        callbacks=[BestAndLast(recorder, rising=[], falling=["val/loss"])],
        default_root_dir=tmp_path,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Falling(), Ones(), Ones())
    # The sanity check before training saw the same loss as the first epoch, but at step 0.
    assert recorder.summaries == [
        {"val/loss": value, "best/val/loss": value, "best/val/loss/step": step}
        for value, step in [(1.0, 1.0), (0.5, 2.0), (pytest.approx(1 / 3), 3.0)]
    ]
