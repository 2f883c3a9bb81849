"""What cannot be meant is refused before training; what can is left as it was."""

from collections.abc import Callable

import pytest
import torch
from omegaconf import DictConfig

from attnlab.errors import ConfigError
from attnlab.experiment.build import decide_precision
from attnlab.experiment.rehearsal import FALLING, RISING, check_settings

Compose = Callable[..., DictConfig]


@pytest.fixture
def config(compose_config: Compose) -> DictConfig:
    return compose_config("train", "trainer.accelerator=cpu")


@pytest.mark.parametrize("bucket", ["", "/long"])
@pytest.mark.parametrize("metric", sorted(RISING | FALLING))
def test_every_metric_can_be_monitored_in_its_own_direction(config: DictConfig, metric: str, bucket: str) -> None:
    better, worse = ("max", "min") if metric in RISING else ("min", "max")
    config.monitor, config.monitor_mode = f"val/{metric}{bucket}", better
    check_settings(config)
    config.monitor_mode = worse
    with pytest.raises(ConfigError, match=f"monitor_mode is {better} for val/{metric}.*set monitor_mode={better}"):
        check_settings(config)


@pytest.mark.parametrize("name", ["val/foo", "bleu", "test/bleu", "val/bleu/huge", "train/loss", ""])
def test_other_names_cannot(config: DictConfig, name: str) -> None:
    config.monitor = name
    with pytest.raises(ConfigError, match=f"but {name} is none: choose val/ with one of bleu, chrf"):
        check_settings(config)


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_seeds(config: DictConfig, seed: int) -> None:
    config.seed = seed
    check_settings(config)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, True, "abc", None])
def test_no_seeds(config: DictConfig, seed: object) -> None:
    config.seed = seed
    with pytest.raises(ConfigError, match=f"seed is a whole number from 0 to 4294967295, not {seed!r}: try seed=1"):
        check_settings(config)


@pytest.mark.parametrize("number", [0, -1, 1.0, "two"])
def test_checkpoints_are_averaged_in_whole_numbers(config: DictConfig, number: object) -> None:
    config.average_checkpoints = number
    with pytest.raises(ConfigError, match=f"average_checkpoints is a whole number from 1, not {number!r}"):
        check_settings(config)


def test_the_best_checkpoint_is_kept(config: DictConfig) -> None:
    config.callbacks.checkpoint = None
    with pytest.raises(ConfigError, match=r"callbacks.checkpoint is null: leave it in"):
        check_settings(config)


@pytest.mark.parametrize("name", ["32-true", "64-true"])
def test_a_precision_is_taken_as_configured(config: DictConfig, name: str) -> None:
    config.trainer.precision = name
    assert decide_precision(config).name == name
    assert not torch.backends.cudnn.allow_tf32  # float32 is float32 in all products of a GPU


@pytest.mark.parametrize("name", ["16-mixed", "16-true"])
def test_half_precision_needs_a_gpu(config: DictConfig, name: str) -> None:
    config.trainer.precision = name
    with pytest.raises(ConfigError, match=f"but it is {name} without a GPU: set trainer.precision=auto"):
        decide_precision(config)


def test_an_unknown_precision_is_refused(config: DictConfig) -> None:
    config.trainer.precision = "double"
    with pytest.raises(ConfigError, match=r"trainer.precision is one of auto, 32-true.*but it is double: set"):
        decide_precision(config)


def test_a_fused_optimizer_does_not_go_with_scaled_gradients(
    config: DictConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    config.trainer.accelerator, config.trainer.precision = "auto", "16-mixed"
    with pytest.raises(ConfigError, match=r"16-mixed cannot clip them.*set trainer\.precision=bf16-mixed or optimizer"):
        decide_precision(config)
    config.optimizer.fused = False
    assert decide_precision(config).name == "16-mixed"


def test_objectives_are_figures_that_a_sweep_can_weigh(config: DictConfig) -> None:
    config.objectives = ["best/val/bleu", "parameters", "train/tokens_per_second"]
    check_settings(config)
    config.objectives = ["parameters", "test/bleu"]
    with pytest.raises(ConfigError, match=r"can weigh, best/val/bleu, .*, but test/bleu is none: choose another"):
        check_settings(config)
