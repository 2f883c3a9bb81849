from pathlib import Path
from typing import Any

import optuna
import pytest
from omegaconf import DictConfig, OmegaConf
from optuna.study import StudyDirection

from attnlab.errors import ConfigError
from hydra_plugins.attnlab_sweeper._identity import check_identity
from hydra_plugins.attnlab_sweeper._space import read_space

CONFIG: dict[str, Any] = {
    "data": {"name": "grammar", "size": 1},
    "monitor": "val/bleu",
    "paths": {"outputs": "x"},
    "logger": {"_target_": "a"},
}


def check(study: optuna.Study, seed: str = "1,2", size: str = "3", direction: str = "MAXIMIZE", **changes: Any) -> None:
    config = OmegaConf.create({**CONFIG, **changes})
    assert isinstance(config, DictConfig)
    space, folder = read_space({"seed": seed, "size": size}, []), Path("outputs/sweeps/x")
    check_identity(study, space, [StudyDirection[direction]], config, folder, lambda: OmegaConf.create({"new": 0}))


@pytest.fixture
def study() -> optuna.Study:
    begun = optuna.create_study(study_name="x", direction="maximize")
    check(begun)
    return begun


def test_the_same_command_continues_wherever_it_writes_and_is_shown(study: optuna.Study) -> None:
    check(study)
    check(study, paths={"outputs": "y"}, logger=None)


def test_a_setting_that_is_newer_than_the_study_is_none_of_its_concern(study: optuna.Study) -> None:
    check(study, new=0)
    with pytest.raises(ConfigError, match=r"for x new was absent and is now 1: repeat"):
        check(study, new=1)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"seed": "1,2,3"}, r"search space of seed was .*\(1, 2\).* and is now .*\(1, 2, 3\)\)"),
        ({"size": "4"}, r"hydra.sweeper.params.size was size=3 and is now size=4"),
        ({"direction": "MINIMIZE"}, r"direction was maximize and is now minimize"),
        ({"monitor": "val/loss"}, r"monitor was val/bleu and is now val/loss"),
        ({"data": {"name": "grammar"}}, r"data.size was 1 and is now absent"),
        ({"a": 1, "b": 2, "c": 3, "d": 4}, r"a was absent and is now 1; b .*; c was absent and is now 3 and 1 more"),
    ],
)
def test_another_question_is_refused_with_both_shown(changes: dict[str, Any], told: str, study: optuna.Study) -> None:
    with pytest.raises(ConfigError, match=told + r": repeat the first command, or begin .*dir=outputs/sweeps/NAME"):
        check(study, **changes)
