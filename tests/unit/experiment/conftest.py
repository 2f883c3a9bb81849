import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import wandb


@pytest.fixture
def clean_wandb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine where nobody has logged in to W&B; its process and settings end with the test."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    # Set here, so that the code under test finds it and leaves nothing behind.
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.chdir(tmp_path)
    wandb.teardown()
    yield
    wandb.teardown()


@pytest.fixture
def silent_server(clean_wandb: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A W&B server that takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        server.settimeout(0.2)
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield server
