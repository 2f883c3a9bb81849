import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState
from toy_sweep import GRID, SEARCH, assert_each_once, begin, steps, toy_queue, trials, work

from attnlab.errors import RunError
from attnlab.experiment.locks import Presence
from hydra_plugins.attnlab_sweeper._outcome import Outcome


def ended(process: object, seconds: float = 60.0) -> int:
    process.join(seconds)  # type: ignore[attr-defined]
    assert not process.is_alive()  # type: ignore[attr-defined]
    return int(process.exitcode)  # type: ignore[attr-defined]


def test_a_grid_is_run_in_the_order_it_is_written(tmp_path: Path) -> None:
    work(tmp_path)
    assert_each_once(tmp_path, GRID)
    assert [trial.params["seed"] for trial in trials(tmp_path)] == [1, 1, 1, 2, 2, 2]


def test_a_finished_sweep_does_nothing_more(tmp_path: Path) -> None:
    work(tmp_path)
    before = trials(tmp_path)
    work(tmp_path)
    assert trials(tmp_path) == before
    assert_each_once(tmp_path, GRID)


def test_the_number_of_trials_is_the_total_and_can_be_raised(tmp_path: Path) -> None:
    work(tmp_path, params=SEARCH, number=2)
    first = trials(tmp_path)
    work(tmp_path, params=SEARCH, number=5)
    assert len(trials(tmp_path)) == 5
    assert trials(tmp_path)[:2] == first
    assert len({trial.params["lr"] for trial in trials(tmp_path)}) == 5


@pytest.mark.parametrize("workers", [2, 4])
def test_places_side_by_side_and_workers_that_join_share_the_trials(workers: int, tmp_path: Path) -> None:
    others = [begin(tmp_path, seconds=0.01, workers=1 + index % 2) for index in range(workers)]
    assert [ended(process) for process in others] == [0] * workers
    assert_each_once(tmp_path, GRID)


def test_places_work_at_the_same_time(tmp_path: Path) -> None:
    begun = time.monotonic()
    work(tmp_path, seconds=0.1, workers=6)
    assert time.monotonic() - begun < 6 * 5 * 0.1
    assert_each_once(tmp_path, GRID)


def test_a_worker_killed_at_random_moments_loses_nothing(tmp_path: Path) -> None:
    chance = random.Random(0)
    for _ in range(5):
        process = begin(tmp_path, seconds=0.02, workers=2)
        time.sleep(chance.uniform(0.0, 0.3))
        os.kill(process.pid, signal.SIGKILL)
        ended(process)
    work(tmp_path)
    assert_each_once(tmp_path, GRID)


def test_one_of_two_workers_is_killed_and_the_other_takes_its_trial(tmp_path: Path) -> None:
    victim, other = begin(tmp_path, seconds=0.05), begin(tmp_path, seconds=0.05)
    time.sleep(0.3)
    os.kill(victim.pid, signal.SIGKILL)
    assert ended(other) == 0
    assert_each_once(tmp_path, GRID)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_worker_gives_its_trials_back(number: signal.Signals, tmp_path: Path) -> None:
    process = begin(tmp_path, seconds=0.1, workers=2)
    while len([path for path in tmp_path.glob("?/steps") if path.read_text()]) < 2:
        time.sleep(0.01)
    os.kill(process.pid, number)
    assert ended(process) == 1
    states = [trial.state for trial in trials(tmp_path)]
    assert TrialState.RUNNING not in states
    assert states.count(TrialState.WAITING) >= 4
    work(tmp_path)
    assert_each_once(tmp_path, GRID)


def test_failures_have_a_reason_and_do_not_end_the_sweep(tmp_path: Path) -> None:
    work(tmp_path, ends={1: "error", 2: "nan", 3: "pruned"})
    told = {trial.number: trial.user_attrs.get("reason") for trial in trials(tmp_path)}
    assert told == dict.fromkeys((0, 3, 4, 5)) | {
        1: "RuntimeError: out of memory",
        2: "diverged: the objective is nan",
    }
    states = [trial.state.name for trial in trials(tmp_path)]
    assert states == ["COMPLETE", "FAIL", "FAIL", "PRUNED", "COMPLETE", "COMPLETE"]
    assert "RuntimeError: out of memory\nand more" in trials(tmp_path)[1].user_attrs["traceback"]


def test_failed_trials_are_tried_again_when_asked(tmp_path: Path) -> None:
    work(tmp_path, ends={1: "error"})
    work(tmp_path)
    assert len(trials(tmp_path)) == 6
    work(tmp_path, retry_failed=True)
    again = trials(tmp_path)
    assert [trial.state.name for trial in again] == ["COMPLETE", "FAIL", *["COMPLETE"] * 5]
    assert again[6].params == again[1].params
    work(tmp_path, retry_failed=True)
    assert len(trials(tmp_path)) == 7


@pytest.mark.parametrize(
    ("settings", "borne", "told"),
    [
        ({"max_failures": 1}, 2, r"bears hydra.sweeper.max_failures=1, but 2 of its trials failed: mend"),
        ({"fail_fast": True}, 1, r"bears hydra.sweeper.fail_fast=true, but 1 of its trials failed: mend"),
        ({"max_failures": None}, 6, None),
    ],
)
def test_too_many_failures_end_the_sweep(
    settings: dict[str, Any], borne: int, told: str | None, tmp_path: Path
) -> None:
    ends = dict.fromkeys(range(6), "error")
    if told is None:
        work(tmp_path, ends=ends, **settings)
    else:
        with pytest.raises(RunError, match=told):
            work(tmp_path, ends=ends, **settings)
    assert [trial.state for trial in trials(tmp_path)].count(TrialState.FAIL) == borne


def test_a_trial_whose_process_is_killed_is_tried_again_but_not_forever(tmp_path: Path) -> None:
    work(tmp_path, ends={1: "killed"}, max_retries=1)
    trial = trials(tmp_path)[1]
    assert trial.state is TrialState.FAIL
    assert trial.user_attrs["reason"] == "its process ended with signal SIGKILL 2 times (out of memory?)"
    assert len(steps(tmp_path)[1]) == 5


def test_a_dead_workers_trial_keeps_its_parameters(tmp_path: Path) -> None:
    first = toy_queue(tmp_path, "first", SEARCH)
    presence = Presence(tmp_path / "workers" / "first")
    first.fill(2, retry_failed=False)
    trial = first.claim()
    second = toy_queue(tmp_path, "second", SEARCH)
    assert trial is not None
    taken = second.claim()
    assert taken is not None
    assert taken.number == 1
    assert second.claim() is None  # the first worker lives
    presence._file.close()  # as the system does when a process ends
    again = second.claim()
    assert again is not None
    assert (again.number, again.params) == (trial.number, trial.params)
    assert first.owned(trial.number) is None


def test_a_trial_that_is_just_being_taken_is_not_a_lost_one(tmp_path: Path) -> None:
    """Behind a proxy each machine may have a lock of its own, and a trial runs before it is known who runs it."""
    far = toy_queue(tmp_path, "far", SEARCH)
    far.fill(1, retry_failed=False)
    far.study.ask()
    near = toy_queue(tmp_path, "near", SEARCH)
    assert near.claim() is None
    time.sleep(0.3)
    assert near.claim() is not None  # whoever took it died before it could say so


def test_a_trial_that_went_back_has_no_worker(tmp_path: Path) -> None:
    queue = toy_queue(tmp_path, "one", SEARCH)
    queue.fill(1, retry_failed=False)
    trial = queue.claim()
    assert trial is not None
    queue.settle(trial.number, Outcome(TrialState.WAITING))
    assert trials(tmp_path)[0].user_attrs["worker"] is None


def test_a_worker_on_another_disk_is_dead_when_it_is_silent(tmp_path: Path) -> None:
    far = toy_queue(tmp_path, "far", SEARCH)
    far.fill(1, retry_failed=False)
    trial = far.claim()
    assert trial is not None
    near = toy_queue(tmp_path, "near", SEARCH)
    for _ in range(3):  # signs of life, over more than the grace period
        assert near.claim() is None
        far.count(trials(tmp_path)[0], "beat")
        time.sleep(0.1)
    assert near.claim() is None
    time.sleep(0.3)
    assert near.claim() is not None
