"""Checkpoints are whole, or they are the ones before."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from attnlab.errors import RunError
from attnlab.files import discard_drafts
from attnlab.training.checkpoint_file import read_checkpoint, write_checkpoint

SMALL, LARGE = ({"state_dict": {"weight": torch.full((size,), float(size))}} for size in (3, 100_000))


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file of this process may hold more than 100,000 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def held(path: Path) -> int:
    return int(read_checkpoint(path)["state_dict"]["weight"][0])


def test_what_was_written_is_read(tmp_path: Path) -> None:
    for content, value in ((SMALL, 3), (LARGE, 100_000), (SMALL, 3)):
        write_checkpoint(tmp_path / "new" / "last.ckpt", content)
        assert held(tmp_path / "new" / "last.ckpt") == value
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["last.ckpt"]


def test_a_full_disk_is_reported_and_costs_nothing(tmp_path: Path, full_disk: None) -> None:
    path = tmp_path / "last.ckpt"
    with pytest.raises(
        RunError, match=r"of 4\d\d,\d\d\d bytes .* failed \(File too large; there is none of this name ye"
    ):
        write_checkpoint(path, LARGE)
    write_checkpoint(path, SMALL)
    with pytest.raises(
        RunError, match=r"last.ckpt is still the one before\): free some space, then go on with resume="
    ):
        write_checkpoint(path, LARGE)
    assert held(path) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_kill_while_writing_leaves_the_one_before(
    tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "last.ckpt"
    write_checkpoint(path, SMALL)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, moment, killed)
    monkeypatch.setattr(Path, moment, killed, raising=False)
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(path, LARGE)
    assert held(path) == 3
    monkeypatch.undo()
    assert len(list(tmp_path.iterdir())) == 2
    discard_drafts(tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_checkpoint_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        RunError, match=r"a run has a checkpoint .*last.ckpt, but there is no such file: name a finished"
    ):
        read_checkpoint(tmp_path / "last.ckpt")
