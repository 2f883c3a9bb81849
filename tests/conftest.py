"""Fixtures every test may use."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, open_dict

ROOT = Path(__file__).parent.parent

os.environ["WANDB_MODE"] = "offline"
torch.set_num_threads(1)
# A busy machine is no failure.
hypothesis.settings.register_profile("attnlab", deadline=None)
hypothesis.settings.load_profile("attnlab")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def conf_folder() -> Path:
    """The folder of the configurations."""
    return ROOT / "conf"


@pytest.fixture
def compose_config(conf_folder: Path, tmp_path: Path) -> Iterator[Callable[..., DictConfig]]:
    """Composes one of the main configurations as its command would, with runs going to a temporary folder."""

    def compose_one(name: str, *overrides: str) -> DictConfig:
        config = compose(name, overrides=[f"paths.outputs={tmp_path}/outputs", *overrides], return_hydra_config=True)
        config.hydra.runtime.output_dir = str(tmp_path / "run")
        HydraConfig.instance().set_config(config)
        with open_dict(config):
            del config.hydra
        return config

    with initialize_config_dir(str(conf_folder)):
        yield compose_one
    HydraConfig.instance().cfg = None


@pytest.fixture(scope="session")
def multi30k_tok() -> Path:
    """Multi30k as lower-cased tokens, where this machine has it."""
    return _shared("multi30k-tok")


@pytest.fixture(scope="session")
def multi30k() -> Path:
    """Multi30k as raw text, where this machine has it."""
    return _shared("multi30k")


def _shared(name: str) -> Path:
    folder = ROOT.parent / "shared" / "data" / name
    if not folder.is_dir():
        pytest.skip(f"../shared/data/{name} is not on this machine")
    return folder
