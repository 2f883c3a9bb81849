"""The runs that several tests look at, each trained once."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import TINY, Commands, Trained


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
    """luong_general with the first of all seeds."""
    return commands.train("first", "seed=0")


@pytest.fixture(scope="session")
def trained_many(commands: Commands) -> list[Trained]:
    """luong_dot and no_attention, by one command."""
    places = ("paths.outputs=many", "paths.cache=cache")
    said = commands("train", "-m", *TINY, *places, "model=luong_dot,no_attention")
    assert said.status == 0, said.stderr
    folders = sorted(path.parent for path in (commands.folder / "many").rglob("metrics.json"))
    return [Trained(folder, said) for folder in folders]


@pytest.fixture(scope="session")
def trained_plain(trained_many: list[Trained]) -> Trained:
    """no_attention."""
    return trained_many[1]


@pytest.fixture(scope="session")
def trained_location(commands: Commands) -> Trained:
    """luong_location for at most 12 tokens, the end token counted."""
    lengths = [f"data.length.{split}=[1,11]" for split in ("train", "validation", "test")]
    return commands.train("location", "model=luong_location", "model.attention.max_source_length=12", *lengths)
