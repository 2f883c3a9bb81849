"""How a corpus comes from the Hugging Face hub, or from what an earlier download left in the cache."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import datasets
import huggingface_hub
from huggingface_hub import constants

from attnlab.errors import DataError, one_line

PATIENCE_SECONDS: Final = 4.0
"""How long the hub may take to answer at all; its own client tries for half a minute where there is no network."""

_COMMIT: Final = re.compile("[0-9a-f]{40}")


def load_from_hub(
    repository: str, *, config_name: str | None, data_dir: str | None, revision: str | None
) -> dict[str, datasets.Dataset]:
    """Every split of a hub dataset; where the hub does not answer, what an earlier download left in the cache.

    Raises:
        DataError: offline and not cached (or another commit is), or the hub knows no such data.
    """
    if hub_answers(PATIENCE_SECONDS):
        try:
            return dict(datasets.load_dataset(repository, config_name, data_dir=data_dir, revision=revision))
        except Exception as error:  # every fault of a foreign repository ends up here, as a dozen types
            raise DataError(
                f"The hub dataset {repository} cannot be loaded as asked ({one_line(error)}): check data.path, "
                "data.config_name and data.revision, or download it and give data.path=<local folder>."
            ) from error
    try:
        with _offline():
            cached = dict(datasets.load_dataset(repository, config_name, data_dir=data_dir, revision=revision))
    except Exception as error:
        raise DataError(
            f"{repository} is neither a folder here nor in the cache of Hugging Face datasets, and "
            f"{constants.ENDPOINT} cannot be reached: connect to the network once (later runs then find it in the "
            "cache), or give data.path=<local folder or file>."
        ) from error
    _check_commit(repository, cached, revision)
    return cached


def hub_answers(patience_seconds: float) -> bool:
    """Whether the hub can be reached; never takes longer than it is told, name resolution included."""
    if constants.HF_HUB_OFFLINE:
        return False
    answered = threading.Event()

    def ask() -> None:
        try:
            response = huggingface_hub.get_session().head(constants.ENDPOINT, timeout=patience_seconds)
        except Exception:
            return
        if response.status_code < 500:  # a gateway that finds no way on says 502 to 504
            answered.set()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(patience_seconds)
    return answered.is_set()


def _check_commit(repository: str, cached: dict[str, datasets.Dataset], revision: str | None) -> None:
    """Offline `datasets` takes the latest copy, whatever was asked for; the folder it lies in is named by commit."""
    for dataset in cached.values():
        for file in dataset.cache_files:
            commit = Path(file["filename"]).parent.name
            if revision != commit and all(_COMMIT.fullmatch(name or "") for name in (commit, revision)):
                raise DataError(
                    f"data.revision of {repository} is {revision}, but the cache holds {commit} and the hub cannot be "
                    f"reached: connect to the network once, or set data.revision={commit}."
                )


@contextmanager
def _offline() -> Iterator[None]:
    """Keeps both libraries from asking a hub that does not answer: they read this switch at each request."""
    before = constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE = before
