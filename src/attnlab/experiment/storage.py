"""Where a study is kept: a journal file in the sweep's folder, or wherever an Optuna URL says."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import BaseStorage, GrpcStorageProxy, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from attnlab.errors import ConfigError, first_line
from attnlab.experiment.locks import JournalLock

JOURNAL: Final = "study.journal"
WORKER: Final = "worker"
"""Attribute of a trial: who runs it."""
_CONNECT_SECONDS = 15


def open_storage(url: str | None, folder: Path) -> BaseStorage:
    """Opens the storage of a sweep.

    Args:
        url: `postgresql+psycopg://USER@HOST/DATABASE` or another that Optuna takes, `grpc://HOST:PORT` for its proxy,
            or None for a journal file.
        folder: of the sweep.

    Raises:
        ConfigError: the proxy's URL is none. What else can go wrong, `explained` turns into one.
    """
    if url is None:
        path = folder / JOURNAL
        return JournalStorage(JournalFileBackend(str(path), lock_obj=JournalLock(path)))
    if url.startswith("grpc://"):
        return _open_proxy(url)
    server = make_url(url).get_backend_name() in {"postgresql", "mysql"}
    limit = {"connect_args": {"connect_timeout": _CONNECT_SECONDS}} if server else {}
    return RDBStorage(url, engine_kwargs={"pool_pre_ping": True, **limit})


@contextmanager
def explained(url: str | None) -> Iterator[None]:
    """Turns what goes wrong at a first contact into one line.

    Raises:
        ConfigError: as `open_storage`.
    """
    where = f"hydra.sweeper.storage={shown(url or '')}"
    try:
        yield
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigError(
            f"{where} is no URL of a storage ({first_line(error)}): write, say, "
            "postgresql+psycopg://USER@HOST/DATABASE, or leave it out for a journal in the sweep's folder."
        ) from error
    except ImportError as error:
        raise ConfigError(
            f"{where} needs a driver that is not installed ({first_line(error)}): install it, with "
            "pip install 'attnlab[postgresql]' or 'attnlab[grpc]'."
        ) from error
    except (OperationalError, ConnectionError, StorageInternalError) as error:
        raise ConfigError(
            f"{where} cannot be reached ({first_line(error)}): start the server, or mend the URL."
        ) from error


def _open_proxy(url: str) -> BaseStorage:
    address = re.fullmatch(r"grpc://([^:/]+):(\d+)", url)
    if address is None:
        raise ConfigError(f"a storage proxy is named grpc://HOST:PORT, but hydra.sweeper.storage is {url}: mend it.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        storage = GrpcStorageProxy(host=address[1], port=int(address[2]))
    storage.wait_server_ready(timeout=_CONNECT_SECONDS)
    return storage


def shown(url: str) -> str:
    """A URL without its password."""
    return re.sub(r"(://[^:/@]*):[^@/]*@", r"\1:***@", url)
