"""Every file of conf/search builds the search it is named after and says what each value means."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from attnlab.decoding.beam import Beam
from attnlab.decoding.greedy import Greedy
from attnlab.decoding.sampling import Sampling

FOLDER = Path(__file__).parents[3] / "conf" / "search"
SEARCHES: dict[str, type[Any]] = {"beam": Beam, "greedy": Greedy, "sampling": Sampling}


def test_no_file_is_forgotten() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(SEARCHES)


@pytest.mark.parametrize("name", SEARCHES)
def test_file_builds_its_search(name: str) -> None:
    config = OmegaConf.load(FOLDER / f"{name}.yaml")
    search = instantiate(config, _execution_whitelist_="attnlab.decoding.*")
    assert type(search) is SEARCHES[name]
    assert set(config) == {"_target_"} | {field.name for field in fields(search) if field.init}


@pytest.mark.parametrize("name", SEARCHES)
def test_every_value_is_explained(name: str) -> None:
    lines = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert all(" # " in line for line in lines if "_target_" not in line and line != "length_limit:")
