"""The runs that several tests look at, each trained once."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Commands, Trained


@pytest.fixture(scope="session")
def commands(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """The commands in an empty folder, on a machine without a network, a W&B account or a Hugging Face cache."""
    folder = tmp_path_factory.mktemp("commands")
    with socket.create_server(("127.0.0.1", 0)) as hub:  # takes calls and never answers
        environment = {
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "120",
            "HF_HOME": str(folder / "huggingface"),
            "HF_ENDPOINT": f"http://127.0.0.1:{hub.getsockname()[1]}",
            "WANDB_MODE": "offline",
            "WANDB_ERROR_REPORTING": "false",
            "WANDB_CONFIG_DIR": str(folder / "wandb_config"),
            "NETRC": str(folder / "netrc"),
            "HYDRA_FULL_ERROR": "0",
        }
        running = Commands(repository, folder, environment)
        yield running
        running.close()


@pytest.fixture(scope="session")
def trained(commands: Commands) -> Trained:
    """luong_general."""
    return commands.train("first")


@pytest.fixture(scope="session")
def trained_plain(commands: Commands) -> Trained:
    """no_attention."""
    return commands.train("plain", "model=no_attention")


@pytest.fixture(scope="session")
def trained_location(commands: Commands) -> Trained:
    """luong_location for at most 12 tokens, the end token counted."""
    lengths = [f"data.length.{split}=[1,11]" for split in ("train", "validation", "test")]
    return commands.train("location", "model=luong_location", "model.attention.max_source_length=12", *lengths)
