"""Without a network a hub dataset comes from the cache or ends in one line, within seconds."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import datasets
import pytest
from datasets.arrow_writer import ArrowWriter
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


def cache_download(cache: Path, commit: str) -> None:
    """Leaves what a download of owner/name at some commit leaves in the cache."""
    split = datasets.Dataset.from_dict({"en": ["a"], "de": ["b"]})
    folder = cache / "owner___name" / "default" / "0.0.0" / commit
    folder.mkdir(parents=True)
    writer = ArrowWriter(features=split.features, path=str(folder / "name-train.arrow"))
    writer.write_table(split.data.table)
    _, num_bytes = writer.finalize()
    train = datasets.SplitInfo("train", num_examples=1, num_bytes=num_bytes, dataset_name="name")
    datasets.DatasetInfo(
        features=split.features,
        builder_name="json",
        dataset_name="name",
        config_name="default",
        version="0.0.0",
        splits=datasets.SplitDict({"train": train}),
    ).write_to_directory(str(folder))


def test_offline_the_cache_serves(private_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "hub_answers", lambda _: False)
    cache_download(private_cache, "a" * 40)
    for revision in (None, "main", "a" * 40):
        loaded = load_from_hub("owner/name", config_name=None, data_dir=None, revision=revision)
        assert {split: dataset[:] for split, dataset in loaded.items()} == {"train": {"en": ["a"], "de": ["b"]}}


def test_another_commit_in_the_cache_does_not_serve(private_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "hub_answers", lambda _: False)
    cache_download(private_cache, "a" * 40)
    message = rf"data.revision of owner/name is {'b' * 40}, but the cache holds {'a' * 40} and .* set data.revision="
    with pytest.raises(DataError, match=message):
        load_from_hub("owner/name", config_name=None, data_dir=None, revision="b" * 40)


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
