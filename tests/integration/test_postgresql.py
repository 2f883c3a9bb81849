"""A sweep whose study is on a PostgreSQL server, shared by machines without a common disk."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from toy_sweep import GRID, SEARCH, assert_each_once, begin, space_of, trials, work

from attnlab.experiment.locks import POSTGRESQL_KEY, only_one

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
"""Where Debian has them; elsewhere they are on the path."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a server of our own."""
    initdb = str(BINARIES[-1]) if BINARIES else shutil.which("initdb")
    if initdb is None:
        pytest.skip("PostgreSQL is not on this machine: its Debian package is postgresql")
    control = str(Path(initdb).with_name("pg_ctl"))
    folder = Path(tempfile.mkdtemp(prefix="postgresql"))  # not in pytest's own, where only root may look
    user = "postgres" if os.geteuid() == 0 else None  # the server refuses to be root
    if user is not None:
        shutil.chown(folder, user)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def run(*command: str) -> None:
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, timeout=120)

    try:
        run(initdb, "-D", str(folder / "data"), "-U", "attnlab", "-A", "trust", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        run(control, "-D", str(folder / "data"), "-l", str(folder / "log"), "-o", options, "-w", "start")
        yield f"postgresql+psycopg://attnlab@127.0.0.1:{port}"
        run(control, "-D", str(folder / "data"), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def url(server: str, request: pytest.FixtureRequest) -> str:
    """A database of its own for each test."""
    name = f"test{abs(hash(request.node.name))}"
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return f"{server}/{name}"


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_share_the_trials(workers: int, url: str, tmp_path: Path) -> None:
    others = [begin(tmp_path, url=url, seconds=0.01) for _ in range(workers)]
    for process in others:
        process.join(60)
    assert [process.exitcode for process in others] == [0] * workers
    assert_each_once(tmp_path, GRID, url)


def test_a_worker_without_a_common_disk_takes_the_trials_of_one_that_was_killed(url: str, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    life = {"url": url, "heartbeat": 0.1, "grace_period": 4.0}
    victim = begin(there, seconds=3.0, **life)
    while not list(there.glob("*/steps")):
        time.sleep(0.01)
    other = begin(here, seconds=0.01, **life)
    time.sleep(5.0)  # the first one lives, slowly
    assert trials(there, url)[0].user_attrs["worker"].startswith(f"{victim.pid}-")
    os.kill(victim.pid, signal.SIGKILL)
    other.join(60)
    assert other.exitcode == 0
    done = trials(here, url)
    assert [trial.params for trial in done] == space_of(GRID).grid()
    assert [trial.value for trial in done] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert done[0].user_attrs["worker"].startswith(f"{other.pid}-")


def test_a_search_continues_where_it_ended(url: str, tmp_path: Path) -> None:
    work(tmp_path, params=SEARCH, number=2, url=url)
    first = trials(tmp_path, url)
    work(tmp_path, params=SEARCH, number=4, url=url, workers=2)
    assert trials(tmp_path, url)[:2] == first
    assert len(trials(tmp_path, url)) == 4


def test_the_lock_is_the_servers(url: str, tmp_path: Path) -> None:
    engine = create_engine(url)
    free = f"SELECT pg_try_advisory_lock({POSTGRESQL_KEY})"
    with engine.connect() as other:
        with only_one(tmp_path, url):
            assert other.exec_driver_sql(free).scalar() is False
        assert other.exec_driver_sql(free).scalar() is True
    engine.dispose()
