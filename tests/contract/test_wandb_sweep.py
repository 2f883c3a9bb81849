"""W&B's own sweeps call train.py in its own language."""

from collections.abc import Callable
from pathlib import Path

import yaml
from omegaconf import DictConfig, OmegaConf
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

from attnlab.experiment.rehearsal import check_settings

FILE = Path(__file__).parents[2] / "docs" / "wandb_sweep.yaml"


def test_an_agent_starts_a_training_with_the_values_it_was_given(compose_config: Callable[..., DictConfig]) -> None:
    sweep = yaml.safe_load(FILE.read_text("utf-8"))
    given = {
        name: values["values"][-1] if "values" in values else values["max"]
        for name, values in sweep["parameters"].items()
    }
    values = create_sweep_command_args({"args": {name: {"value": value} for name, value in given.items()}})
    values |= {"program": [sweep["program"]], "interpreter": ["python"], "env": ["/usr/bin/env"]}
    command = [
        word
        for part in create_sweep_command(sweep["command"])
        for word in (values[part[2:-1]] if part.startswith("${") else [part])
    ]
    assert command[:3] == ["/usr/bin/env", "python", "train.py"]
    config = compose_config("train", *command[3:])
    check_settings(config)
    model = given.pop("model")
    assert config.model.network.decoder._target_.split(".")[2] == model
    assert {name: OmegaConf.select(config, name) for name in given} == given
    assert config.logger.online is True
    assert config.logger.project == sweep["project"]
    assert config.monitor == sweep["metric"]["name"]
