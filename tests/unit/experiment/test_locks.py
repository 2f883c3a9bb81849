import multiprocessing
import os
import signal
import time
from pathlib import Path

import optuna

from attnlab.experiment.locks import Presence, only_one
from attnlab.experiment.storage import open_storage

FORK = multiprocessing.get_context("fork")


def test_a_journal_with_half_a_line_at_its_end_is_mended_by_the_next_writer(tmp_path: Path) -> None:
    study = optuna.create_study(storage=open_storage(None, tmp_path), study_name="toy")
    study.add_trial(optuna.create_trial(value=1.0))
    path = tmp_path / "study.journal"
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines(keepends=True)[-1][:-9])  # as a process leaves it that is killed
    again = optuna.load_study(storage=open_storage(None, tmp_path), study_name="toy")
    again.add_trial(optuna.create_trial(value=2.0))
    study.add_trial(optuna.create_trial(value=3.0))
    assert [trial.value for trial in again.trials] == [1.0, 2.0, 3.0]
    assert path.read_bytes().startswith(whole)


def add(folder: Path, number: int) -> None:
    study = optuna.load_study(storage=open_storage(None, folder), study_name="toy")
    for index in range(number):
        with only_one(folder, None):
            study.set_user_attr("count", study.user_attrs.get("count", 0) + 1)
        study.add_trial(optuna.create_trial(value=float(index)))


def test_four_processes_share_a_journal_and_a_lock(tmp_path: Path) -> None:
    study = optuna.create_study(storage=open_storage(None, tmp_path), study_name="toy")
    others = [FORK.Process(target=add, args=(tmp_path, 25)) for _ in range(4)]
    for process in others:
        process.start()
    for process in others:
        process.join(60)
    assert [process.exitcode for process in others] == [0] * 4
    assert study.user_attrs["count"] == 100
    assert [trial.number for trial in study.trials] == list(range(100))


def stay(path: Path) -> None:
    presence = Presence(path)
    child = FORK.Process(target=time.sleep, args=(60,))
    child.start()
    path.with_name("child").write_text(str(child.pid))
    time.sleep(60)
    presence.end()


def test_a_worker_has_ended_when_it_and_its_trials_have(tmp_path: Path) -> None:
    path, child = tmp_path / "worker", tmp_path / "child"
    assert Presence.ended(path) is None
    process = FORK.Process(target=stay, args=(path,))
    process.start()
    while not child.exists() or not child.read_text():
        time.sleep(0.01)
    assert Presence.ended(path) is False
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert Presence.ended(path) is False  # its trial still runs
    os.kill(int(child.read_text()), signal.SIGKILL)
    while Presence.ended(path) is False:
        time.sleep(0.01)
    assert Presence.ended(path) is True


def test_a_worker_that_leaves_leaves_no_trace(tmp_path: Path) -> None:
    Presence(tmp_path / "worker").end()
    assert list(tmp_path.iterdir()) == []
