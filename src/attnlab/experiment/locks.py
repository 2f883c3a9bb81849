"""Locks that end with the process that holds them, however it ends: the kernel keeps them, not a file's existence."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optuna.storages.journal import JournalFileOpenLock
from sqlalchemy import create_engine, text
from typing_extensions import override

POSTGRESQL_KEY = 0x6174746E  # any number that no other program on the server locks


@contextmanager
def only_one(folder: Path, url: str | None) -> Iterator[None]:
    """Holds a lock that every worker of a sweep knows; waits for it.

    On PostgreSQL it is the server's, so that workers need no common disk; with any other storage it is a file's.
    """
    if url is not None and url.startswith("postgresql"):
        engine = create_engine(url, connect_args={"connect_timeout": 15})
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": POSTGRESQL_KEY})
                yield
                # After an error closing frees the lock, too, once the server has noticed.
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": POSTGRESQL_KEY})
        finally:
            engine.dispose()
        return
    with (folder / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Presence:
    """A file that is locked as long as a worker or one of its trials lives.

    A child that is forked while it is held holds it too: a trial that outlives its worker by a moment is no dead one.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = path.open("a")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def end(self) -> None:
        """Leaves, without a trace."""
        self._path.unlink(missing_ok=True)
        self._file.close()

    @staticmethod
    def ended(path: Path) -> bool | None:
        """Whether the worker with this file is gone; None where there is no such file to tell."""
        try:
            with path.open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return None
        except BlockingIOError:
            return False
        return True


class JournalLock(JournalFileOpenLock):
    """Guards a journal file, and cuts off a last line that a killed process has left half written.

    Optuna's own locks are files that a killed process leaves behind for 30 seconds, and the next line written after
    half a line would make the whole journal unreadable.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._journal = path
        self._guard = path.with_name(f".{path.name}.lock")
        self._held: int | None = None

    @override
    def acquire(self) -> bool:
        """Waits for the lock."""
        self._held = os.open(self._guard, os.O_CREAT | os.O_RDWR)
        fcntl.flock(self._held, fcntl.LOCK_EX)
        _cut_half_line(self._journal)
        return True

    @override
    def release(self) -> None:
        """Frees the lock."""
        if self._held is not None:
            os.close(self._held)
            self._held = None


def _cut_half_line(path: Path) -> None:
    with path.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        if end == 0:
            return
        file.seek(end - 1)
        if file.read(1) == b"\n":
            return
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
