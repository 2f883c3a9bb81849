"""How many trials are asked for, and that the best of them can be asked for again."""

import importlib.util
import shlex
from collections.abc import Mapping
from pathlib import Path

import optuna
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf
from optuna.trial import create_trial

from attnlab.errors import ConfigError
from attnlab.experiment.launch import CONF
from hydra_plugins.attnlab_sweeper._best import write_best
from hydra_plugins.attnlab_sweeper._space import read_space
from hydra_plugins.attnlab_sweeper._sweep import asked_trials, check_sampler

GRID = read_space({"seed": "1,2", "model": "a,b"}, []).grid()


@pytest.mark.parametrize(("number", "count"), [(None, 4), (1, 1), (3, 3), (9, 4)])
def test_a_grid_has_as_many_trials_as_are_asked_for_and_no_more_than_points(number: int | None, count: int) -> None:
    assert asked_trials(number, GRID) == GRID[:count]


def test_a_search_has_the_number_that_is_asked_for() -> None:
    assert asked_trials(20, None) == 20


@pytest.mark.parametrize("number", [0, -2])
def test_no_trials_are_no_sweep(number: int) -> None:
    with pytest.raises(ConfigError, match=rf"a sweep has trials, but hydra.sweeper.n_trials is {number}: set it to 1"):
        asked_trials(number, GRID)


def test_a_sampler_without_its_package_is_refused_before_the_first_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    config = OmegaConf.create({"_target_": "optuna.samplers.CmaEsSampler"})
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"sampler=cmaes needs a package that is not installed: pip install cmaes"):
        check_sampler(config)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "cmaes")
    check_sampler(config)


def best_again(folder: Path, params: Mapping[str, str], *arguments: str) -> tuple[DictConfig, DictConfig]:
    """The configuration of the best trial as its file and the arguments printed with it say, and as it was."""
    space = read_space({"seed": "1,2", **params}, arguments)
    study = optuna.create_study(study_name="x")
    study.add_trial(create_trial(params=space.grid()[0], distributions=dict(space.varied), value=1.0))
    with initialize_config_dir(str(CONF)):
        config = compose("train", overrides=list(arguments), return_hydra_config=True)
        use = write_best(study, folder, space, GlobalHydra.instance().config_loader(), config)
        (_, _, *again) = shlex.split(use)
        wanted = [*(f"{name}={value}" for name, value in params.items()), *arguments, "seed=1"]
        return compose("train", overrides=[f"hydra.searchpath=[{folder}]", *again]), compose("train", overrides=wanted)


def test_the_best_trial_keeps_a_choice_that_is_usual_for_the_command_but_not_within_another(tmp_path: Path) -> None:
    """`general` is the attention of train.py's own model, but not of bahdanau."""
    again, wanted = best_again(tmp_path, {"model": "bahdanau", "model/attention": "general"})
    assert again.model.attention == wanted.model.attention


@pytest.mark.parametrize(
    "arguments",
    [
        ["~callbacks.early_stopping"],
        ["callbacks.early_stopping=null"],
        ["data.join={test:2}"],
        ["~data.lengths", "+data.lengths={3-9:0.5,10-20:0.5}"],
    ],
)
def test_the_best_trial_leaves_out_what_was_left_out(arguments: list[str], tmp_path: Path) -> None:
    again, wanted = best_again(tmp_path, {}, *arguments)
    assert again == wanted
