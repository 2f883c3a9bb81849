"""Without a network a hub dataset comes from the cache or ends in one line, within seconds."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import datasets
import pytest
from huggingface_hub import constants

from attnlab.data import hub
from attnlab.data.hub import hub_answers, load_from_hub
from attnlab.errors import DataError


def load(repository: str = "owner/name") -> dict[str, datasets.Dataset]:
    return load_from_hub(repository, config_name=None, data_dir=None, revision=None)


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


@pytest.fixture(params=["refused", "silent", "bad gateway"])
def unreachable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A hub address where nobody listens, one that never answers, and one behind a gateway that cannot reach it."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if request.param != "refused":
            server.listen()
        if request.param == "bad gateway":
            threading.Thread(target=answer_bad_gateway, args=(server,), daemon=True).start()
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setattr(hub, "PATIENCE_SECONDS", 1.0)
        yield


def answer_bad_gateway(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@pytest.mark.usefixtures("unreachable", "empty_cache")
def test_offline_without_a_cache_is_one_line_within_seconds() -> None:
    started = time.monotonic()
    message = (
        r"owner/name is neither a folder here nor in the cache of Hugging Face datasets, and .* cannot be reached: "
        r"connect to the network once .* or give data.path=<local folder or file>"
    )
    with pytest.raises(DataError, match=message) as caught:
        load()
    assert time.monotonic() - started < 5
    assert "\n" not in str(caught.value)


def test_the_switch_for_offline_work_is_obeyed(monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert not hub_answers(1.0)
    with pytest.raises(DataError, match=r"connect to the network once"):
        load()
    assert constants.HF_HUB_OFFLINE


def test_the_switch_is_put_back(monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> None:
    monkeypatch.setattr(hub, "hub_answers", lambda _: False)
    before = constants.HF_HUB_OFFLINE
    with pytest.raises(DataError):
        load()
    assert constants.HF_HUB_OFFLINE == datasets.config.HF_HUB_OFFLINE == before


def test_offline_the_cache_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `load_dataset` gives for a repository, with both libraries told that they are offline."""
    split = datasets.Dataset.from_dict({"en": ["a"], "de": ["b"]})

    def load_dataset(*_: object, **__: object) -> datasets.DatasetDict:
        assert constants.HF_HUB_OFFLINE
        assert datasets.config.HF_HUB_OFFLINE
        return datasets.DatasetDict(train=split)

    monkeypatch.setattr(hub, "hub_answers", lambda _: False)
    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    assert load() == {"train": split}


def test_a_repository_that_cannot_be_used_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_dataset(*_: object, **__: object) -> datasets.DatasetDict:
        raise RuntimeError("Dataset scripts are no longer supported,\nbut found name.py")

    monkeypatch.setattr(hub, "hub_answers", lambda _: True)
    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    message = (
        r"cannot be loaded as asked \(RuntimeError: .*supported, but found name.py\): check data.path, data.config"
    )
    with pytest.raises(DataError, match=message) as caught:
        load()
    assert "\n" not in str(caught.value)
