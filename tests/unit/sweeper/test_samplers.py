"""Every sampler proposes through the queue, and every pruner can be chosen."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import optuna
import pytest
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from optuna.exceptions import ExperimentalWarning
from optuna.trial import TrialState
from toy_sweep import toy_queue

from hydra_plugins.attnlab_sweeper._outcome import Outcome
from hydra_plugins.attnlab_sweeper._queue import Queue
from hydra_plugins.attnlab_sweeper._sweep import make_sampler

Compose = Callable[..., DictConfig]
SPACE = {"rate": "tag(log, interval(0.001, 1.0))", "size": "range(1, 64)", "kind": "choice(a, b)"}
COUNT = 14


def sweeper(compose_config: Compose, *choices: str) -> DictConfig:
    compose_config("train", "hydra/sweeper=study", *choices)
    config = OmegaConf.create(HydraConfig.get().sweeper)
    assert isinstance(config, DictConfig)
    return config


def proposals(folder: Path, config: DictConfig) -> list[dict[str, object]]:
    """What two workers that take turns are given; their loss is the distance from a point."""
    workers: list[Queue] = []
    for name in ("one", "two"):
        folder.mkdir(exist_ok=True)
        workers.append(replace(toy_queue(folder, name, SPACE), sampler=partial(make_sampler, config, grid=False)))
    workers[0].fill(COUNT, retry_failed=False)
    for number in range(COUNT):
        trial = workers[number % 2].claim()
        assert trial is not None
        value = -abs(trial.params["rate"] - 0.1) - abs(trial.params["size"] - 20)
        workers[number % 2].settle(number, Outcome(TrialState.COMPLETE, values=(float(value),)))
    return [trial.params for trial in workers[0].trials()]


@pytest.mark.parametrize("name", ["tpe", "tpe_multivariate", "random", "gp", "qmc", "nsgaii", "nsgaii_small"])
def test_workers_are_given_different_points_and_the_same_ones_another_time(
    name: str, compose_config: Compose, tmp_path: Path
) -> None:
    config = sweeper(compose_config, f"hydra/sweeper/sampler={name}", "hydra.sweeper.sampler.seed=1").sampler
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        first, again = (proposals(tmp_path / name, config) for name in ("first", "again"))
    assert first == again
    assert len({(point["rate"], point["size"]) for point in first}) == COUNT


@pytest.mark.parametrize("name", ["none", "median", "successive_halving", "hyperband", "wilcoxon"])
def test_every_pruner_judges(name: str, compose_config: Compose) -> None:
    config = sweeper(compose_config, f"hydra/sweeper/pruner={name}").pruner
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        pruner = instantiate(config, _execution_whitelist_=["optuna.pruners.*"])
        study = optuna.create_study(study_name="judged", pruner=pruner)  # hyperband chooses brackets by this name
    for _ in range(9):
        trial = study.ask()
        for step in range(1, 10):
            trial.report(float(step), step)
            trial.should_prune()  # some pruners keep what they compare with when they are asked
        study.tell(trial, 9.0)
    bad = study.ask()
    ended = []
    for step in range(1, 10):
        bad.report(100.0 + step, step)
        ended.append(bool(bad.should_prune()))
    assert any(ended) == (name != "none")
