from pathlib import Path

import pytest
from optuna.exceptions import StorageInternalError

from attnlab.errors import ConfigError
from attnlab.experiment.storage import explained, open_storage, shown


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("somewhere", r"storage=somewhere is no URL of a storage \(.*\): write, say, postgresql\+psycopg://USER@HOST"),
        ("nosql://x", r"storage=nosql://x is no URL of a storage"),
        ("sqlite:////no/such/folder/x.db", r"cannot be reached \(.*unable to open database file\): start the server"),
        ("mysql+pymysql://x@localhost/y", r"needs a driver that is not installed \(Failed to import DB access module"),
        ("grpc://localhost", r"a storage proxy is named grpc://HOST:PORT, but .* is grpc://localhost: mend it"),
    ],
)
def test_a_storage_that_cannot_be_used_is_refused_in_one_line(url: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=told) as raised, explained(url):
        open_storage(url, tmp_path)
    assert "\n" not in str(raised.value)


def test_no_password_is_shown() -> None:
    assert shown("postgresql+psycopg://ada:secret@host/db") == "postgresql+psycopg://ada:***@host/db"
    assert shown("postgresql+psycopg://ada@host/db") == "postgresql+psycopg://ada@host/db"


def test_a_storage_that_goes_away_is_told_in_one_line() -> None:
    """Optuna wraps what its database says in an error of its own."""
    url = "postgresql+psycopg://me:secret@host/trials"
    with pytest.raises(ConfigError, match=r"cannot be reached \(an exception is raised"), explained(url):
        raise StorageInternalError("an exception is raised during the commit.")
