"""What cannot be meant is refused before training; what can is left as it was."""

from collections.abc import Callable

import pytest
import torch
from omegaconf import DictConfig

from attnlab.errors import ConfigError
from attnlab.experiment.build import decide_precision
from attnlab.experiment.rehearsal import FALLING, RISING, check_settings, check_steps

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


@pytest.mark.parametrize(
    ("settings", "batches", "untested"),
    [
        ({"max_steps": -1}, 10, 0),
        ({"max_steps": 10}, 10, 0),
        ({"max_steps": 25}, 10, 5),
        ({"max_steps": 25, "max_epochs": 2}, 10, 0),
        ({"max_steps": 7, "accumulate_grad_batches": 3}, 8, 1),  # three steps an epoch, the last one of two batches
        ({"max_steps": 7, "accumulate_grad_batches": 3, "check_val_every_n_epoch": 2}, 8, 1),
        ({"max_steps": 7, "limit_train_batches": 3}, 10, 0),  # as what follows: nobody knows
        ({"max_steps": 7, "devices": 2}, 10, 0),
        ({"max_steps": 7, "check_val_every_n_epoch": None}, 10, 0),
    ],
)
def test_steps_after_the_last_validation_are_told(
    config: DictConfig, caplog: pytest.LogCaptureFixture, settings: dict[str, int | None], batches: int, untested: int
) -> None:
    config.trainer.max_epochs = 50
    config.trainer.update(settings)
    check_steps(config.trainer, batches)
    told = f"the last {untested} steps come after the last validation: what they learn is not tested"
    assert caplog.messages == ([told] if untested else [])


def test_a_validation_comes_before_the_last_step(config: DictConfig) -> None:
    config.trainer.update({"max_steps": 5, "max_epochs": 50, "check_val_every_n_epoch": 2})
    with pytest.raises(
        ConfigError, match=r"max_steps=5 ends training before the first, after 6 steps: raise it, or set"
    ):
        check_steps(config.trainer, 3)


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


def test_a_precision_is_taken_as_configured(config: DictConfig) -> None:
    config.trainer.precision = "32-true"
    assert decide_precision(config).name == "32-true"
    assert not torch.backends.cudnn.allow_tf32  # float32 is float32 in all products of a GPU


def test_half_precision_needs_a_gpu(config: DictConfig) -> None:
    config.trainer.precision = "16-mixed"
    with pytest.raises(ConfigError, match=r"but it is 16-mixed without a GPU: set trainer.precision=auto"):
        decide_precision(config)


def test_an_unknown_precision_is_refused(config: DictConfig) -> None:
    config.trainer.precision = "bf16-true"
    with pytest.raises(ConfigError, match=r"trainer.precision is one of auto, 32-true.*but it is bf16-true: set"):
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
