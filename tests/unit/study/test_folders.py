from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig

from attnlab.errors import ConfigError
from attnlab.study.folders import folders_of, report_folder

Compose = Callable[..., DictConfig]


@pytest.fixture
def sweeps(tmp_path: Path) -> Path:
    for name in ("hidden_sizes", "scoring_functions"):
        (tmp_path / "outputs" / "sweeps" / name).mkdir(parents=True)
    return tmp_path / "outputs" / "sweeps"


def test_a_sweep_is_a_folder_of_the_outputs(sweeps: Path, compose_config: Compose) -> None:
    config = compose_config("compare", "sweep=hidden_sizes")
    assert folders_of(config) == [sweeps / "hidden_sizes"]
    assert report_folder(config, folders_of(config)) == sweeps / "hidden_sizes" / "report"


MISTAKES = {
    "neither": ([], "^a comparison reads one sweep or some runs, but neither is given: write sweep=NAME, runs=FOLDER"),
    "both": (["sweep=hidden_sizes", "runs=a"], "^a comparison reads one sweep or some runs, but both is given: write"),
    "typo": (
        ["sweep=hiden_sizes"],
        r"^sweep names one of .*sweeps \(hidden_sizes, scoring_functions\), but it is hide",
    ),
    "hint": (["sweep=hiden_sizes"], r"did you mean hidden_sizes\?$"),
    "unknown": (["sweep=5"], r"but it is 5: run it with python train.py -m sweeps=NAME, or name another\.$"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name: str, sweeps: Path, compose_config: Compose) -> None:
    arguments, message = MISTAKES[name]
    with pytest.raises(ConfigError, match=message) as caught:
        folders_of(compose_config("compare", *arguments))
    assert "\n" not in str(caught.value)


def test_without_any_sweep_that_is_said(compose_config: Compose) -> None:
    with pytest.raises(ConfigError, match=r"\(there is none\), but it is a: run it"):
        folders_of(compose_config("compare", "sweep=a"))
