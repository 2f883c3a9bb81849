"""A training that is ended anywhere and goes on is the training that was not ended, to the last bit."""

import copy
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping
from torch import Tensor, nn
from torch.testing import assert_close

from attnlab.data.bucketing import BatchBudget
from attnlab.data.prepare import PreparedData
from attnlab.decoding.limits import LengthLimit
from attnlab.decoding.sampling import Sampling
from attnlab.errors import ConfigError, Interrupted
from attnlab.training.averaging import MovingAverage
from attnlab.training.best import BestCheckpoint
from attnlab.training.callbacks import Throughput
from attnlab.training.chance import Chance
from attnlab.training.checkpoint_file import WholeFiles, read_checkpoint
from attnlab.training.datamodule import TranslationDataModule
from attnlab.training.resumable import Resumable, read_facts
from attnlab.training.schedule import Linear, Plateau
from attnlab.training.task import TranslationTask

MakeTask = Callable[..., TranslationTask]
MakeTrainer = Callable[..., lightning.Trainer]

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*does not have many workers.*",
    "ignore:.*treespec, LeafSpec.*",
    "ignore:.*not resumable.*",
    "ignore:.*exists and is not empty.*",
)


class Witness(Callback):
    """Notes every loss and learning rate by step and every validation; may end the process, so to speak, at a moment.

    Args:
        end: the hook and the number of its call at which training is ended.
        signals: what the process is sent then, instead.
        enough: whether the first epoch is good enough to stop there.
    """

    def __init__(self, end: tuple[str, int] | None, signals: Sequence[signal.Signals], enough: bool) -> None:
        self.losses: dict[int, tuple[float, float]] = {}
        self.validations: dict[int, tuple[float, float]] = {}
        self._end = end
        self._signals = signals
        self._enough = enough
        self._calls = 0

    def _called(self, hook: str) -> None:
        if self._end is not None and hook == self._end[0]:
            self._calls += 1
            if self._calls == self._end[1] and not self._signals:
                raise Killed
            if self._calls == self._end[1]:
                for number in self._signals:
                    os.kill(os.getpid(), number)

    def on_train_batch_start(self, *_: Any) -> None:
        self._called("on_train_batch_start")

    def on_before_optimizer_step(self, *_: Any) -> None:
        self._called("on_before_optimizer_step")

    def on_train_batch_end(self, trainer: lightning.Trainer, task: Any, outputs: Any, *_: Any) -> None:
        rate = trainer.optimizers[0].param_groups[0]["lr"]
        batch = trainer.fit_loop.total_batch_idx
        self.losses[batch] = (float(outputs["loss"]), rate)
        self._called("on_train_batch_end")

    def on_validation_batch_start(self, *_: Any) -> None:
        self._called("on_validation_batch_start")

    def on_validation_end(self, trainer: lightning.Trainer, task: Any) -> None:
        metrics = trainer.callback_metrics
        self.validations[trainer.global_step] = (float(metrics["val/loss"]), float(metrics["val/bleu"]))
        trainer.should_stop |= self._enough and trainer.current_epoch == 0
        self._called("on_validation_end")

    def on_train_epoch_end(self, trainer: lightning.Trainer, task: Any) -> None:
        self._called("on_train_epoch_end")

    def on_train_end(self, *_: Any) -> None:
        self._called("on_train_end")


class Killed(BaseException):
    """What no code expects."""


@pytest.fixture
def run(
    make_task: MakeTask, make_trainer: MakeTrainer, prepared: PreparedData, tmp_path: Path
) -> Callable[..., tuple[lightning.Trainer, Witness]]:
    """Trains from the last state of a folder, or from the start if it is new; eight pairs in batches of 3, 3 and 2."""

    def go(
        name: str,
        *,
        end: tuple[str, int] | None = None,
        signals: Sequence[signal.Signals] = (),
        every_steps: int | None = 1,
        every_minutes: float | None = None,
        enough: bool = False,
        **arguments: Any,
    ) -> tuple[lightning.Trainer, Witness]:
        folder, witness = tmp_path / name, Witness(end, signals, enough)
        schedule = arguments.pop("schedule", Linear(warmup_steps=2, decay_from=0.3, final=0.1))
        search = Sampling(length_limit=LengthLimit(ratio=1.0, extra=1, maximum=5), seed=3)
        task = copy.deepcopy(make_task(schedule=schedule, search=search, scheduled_sampling=0.3))
        for module in task.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.2
        budget = BatchBudget(max_sentences=3)
        data = TranslationDataModule(prepared, budget=budget, evaluation_budget=budget, seed=1)
        resumable = Resumable(dirpath=str(folder), every_steps=every_steps, every_minutes=every_minutes)
        resumable.facts = {"precision": "32-true"}
        trainer = make_trainer(
            **{"max_epochs": 4} | arguments,
            enable_checkpointing=True,
            plugins=[WholeFiles()],
            callbacks=[
                BestCheckpoint(
                    dirpath=folder, filename="{epoch}", monitor="val/loss", save_top_k=2, enable_version_counter=False
                ),
                resumable,
                EarlyStopping(monitor="val/loss", patience=2),
                MovingAverage(decay=0.9),
                Throughput(),
                Chance(5),
                witness,
            ],
        )
        last = folder / "last.ckpt"
        with suppress(Killed):
            trainer.fit(task, datamodule=data, ckpt_path=last if last.exists() else None, weights_only=True)
        return trainer, witness

    return go


Run = Callable[..., tuple[lightning.Trainer, Witness]]

ENDS = [
    ("on_train_batch_start", 1),
    ("on_before_optimizer_step", 2),
    ("on_train_epoch_end", 1),
    ("on_validation_batch_start", 2),
    ("on_train_batch_end", 4),
    ("on_train_end", 1),
]
PLATEAU = Plateau(monitor="val/loss", mode="max", factor=0.5, patience=0)


def slow(**arguments: Any) -> Any:
    return pytest.param(arguments, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"every_steps": None, "schedule": PLATEAU, "check_val_every_n_epoch": 2},
        {"accumulate_grad_batches": 2, "schedule": PLATEAU},
        {"enough": True, "min_epochs": 3},
        slow(every_steps=None),
        slow(max_epochs=-1, max_steps=11),
        slow(val_check_interval=2),
        slow(check_val_every_n_epoch=None, val_check_interval=4),
        slow(limit_train_batches=2),
    ],
    ids=lambda arguments: "-".join(arguments) or "plain",
)
def test_a_training_that_is_ended_again_and_again_is_the_same(run: Run, arguments: dict[str, Any]) -> None:
    """At every kind of moment, each time after some progress."""
    whole, seen = run("whole", **arguments)
    losses: dict[int, tuple[float, float]] = {}
    validations: dict[int, tuple[float, float]] = {}
    goes_on = None
    for end in [*ENDS, None]:
        goes_on, witness = run("ended", end=end, **arguments)
        for known, new in ((losses, witness.losses), (validations, witness.validations)):
            assert all(known[at] == new[at] for at in known.keys() & new.keys())
            known.update(new)
    assert goes_on is not None
    assert (losses, validations) == (seen.losses, seen.validations)
    assert_equal_states(whole, goes_on)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_training_where_it_can_go_on(
    run: Run, number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    """Here in the middle of an epoch, without any state before."""
    whole, seen = run("whole", max_epochs=2, every_steps=None)
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(SystemExit) as ended:
        run("ended", end=("on_before_optimizer_step", 4), signals=[number], max_epochs=2, every_steps=None)
    assert isinstance(ended.value.__context__, Interrupted)
    assert ended.value.__context__.status == 128 + number
    assert str(ended.value.__context__) == f"stopped by {number.name} after step 4"
    assert f"{number.name}: stops where it can go on later; once more stops at once\n" in capfd.readouterr().err
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
    resumed, after = run("ended", max_epochs=2, every_steps=None)
    assert list(after.losses) == [4, 5]
    assert after.losses.items() <= seen.losses.items()
    assert_equal_states(whole, resumed)


def test_a_second_signal_ends_it_at_once(run: Run) -> None:
    with pytest.raises(SystemExit) as ended:
        run("ended", end=("on_validation_batch_start", 1), signals=[signal.SIGTERM] * 2, max_epochs=2)
    assert type(ended.value.__context__) is KeyboardInterrupt


def test_a_signal_during_validation_waits_for_its_end(run: Run, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        run("ended", end=("on_validation_batch_start", 1), signals=[signal.SIGTERM], max_epochs=2, every_steps=None)
    content = read_checkpoint(tmp_path / "ended" / "last.ckpt")
    assert (content["epoch"], content["global_step"]) == (1, 3)
    assert content["callbacks"]["Resumable"]["figures"]["val/bleu"] >= 0


@pytest.mark.parametrize(("seconds", "kept"), [(29.0, 3), (60.0, 5)])
def test_a_state_is_kept_when_time_has_passed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, kept: int
) -> None:
    """Each step takes so long: it is kept after step 5, or only between the epochs, after step 3."""
    steps, seed = [0], Chance.on_train_batch_start
    monkeypatch.setattr("attnlab.training.resumable.time", SimpleNamespace(monotonic=lambda: seconds * steps[0]))

    def count(*arguments: Any) -> None:
        steps[0] += 1
        seed(*arguments)

    monkeypatch.setattr(Chance, "on_train_batch_start", count)
    run("timed", end=("on_before_optimizer_step", 6), every_steps=None, every_minutes=1.0)
    assert read_checkpoint(tmp_path / "timed" / "last.ckpt")["global_step"] == kept


def test_what_else_must_stay_is_kept_with_it(run: Run, tmp_path: Path) -> None:
    run("facts", max_epochs=1)
    assert read_facts(tmp_path / "facts" / "last.ckpt") == {"precision": "32-true"}


@pytest.mark.parametrize("intervals", [(0, None), (None, 0.0), (-1, 1.0)])
def test_an_interval_is_positive(intervals: tuple[int | None, float | None]) -> None:
    with pytest.raises(
        ConfigError, match=r"callbacks.resumable.every_(steps|minutes) is above 0, not (0|-1|0\.0): null"
    ):
        Resumable(dirpath="nowhere", every_steps=intervals[0], every_minutes=intervals[1])


def assert_equal_states(first: lightning.Trainer, second: lightning.Trainer) -> None:
    """Weights, averages, optimizer, schedule, counters, early stopping and memory of the best, and all figures."""
    states = []
    for trainer in (first, second):
        best = trainer.checkpoint_callback
        assert isinstance(best, BestCheckpoint)
        folder = Path(str(best.dirpath))
        content = read_checkpoint(folder / "last.ckpt")
        left_out = ("tokens_per_second", "dirpath")
        states.append({name: value for name, value in flat(content, "") if not name.endswith(left_out)})
        states[-1] |= {path.name: torch.tensor(0) for path in folder.iterdir()}
    assert states[0].keys() == states[1].keys()
    for name, value in states[0].items():
        if isinstance(value, Tensor):
            assert_close(states[1][name], value, rtol=0, atol=0, equal_nan=True, msg=name)
        else:
            assert states[1][name] == value, name


def flat(value: Any, name: str) -> list[tuple[str, Any]]:
    """All leaves of nested containers, paths by their last part."""
    if isinstance(value, dict):
        return [leaf for key, one in value.items() for leaf in flat(one, f"{name}.{Path(str(key)).name}")]
    if isinstance(value, list | tuple):
        return [leaf for place, one in enumerate(value) for leaf in flat(one, f"{name}.{place}")]
    return [(name, Path(value).name if isinstance(value, str) else value)]
