"""How many trials are asked for, and that the best of them can be asked for again."""

from pathlib import Path

import optuna
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from optuna.trial import create_trial

from attnlab.errors import ConfigError
from attnlab.experiment.launch import CONF
from hydra_plugins.attnlab_sweeper._best import write_best
from hydra_plugins.attnlab_sweeper._space import read_space
from hydra_plugins.attnlab_sweeper._sweep import asked_trials

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


def test_the_best_trial_keeps_a_choice_that_is_usual_for_the_command_but_not_within_another(tmp_path: Path) -> None:
    """`general` is the attention of train.py's own model, but not of bahdanau."""
    space = read_space({"seed": "1,2", "model": "bahdanau", "model/attention": "general"}, [])
    study = optuna.create_study(study_name="x")
    study.add_trial(create_trial(params=space.grid()[0], distributions=dict(space.varied), value=1.0))
    with initialize_config_dir(str(CONF)):
        config = compose("train", return_hydra_config=True)
        write_best(study, tmp_path, space, GlobalHydra.instance().config_loader(), config)
        again = compose("train", overrides=[f"hydra.searchpath=[{tmp_path}]", "experiment=best"])
        wanted = compose("train", overrides=["model=bahdanau", "model/attention=general"])
    assert again.model.attention == wanted.model.attention
