"""What a run leaves, how it is found again, and how its model is rebuilt from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from torch import Tensor

from attnlab.errors import RunError
from attnlab.experiment.build import allow_tf32, build_model, device_of, plain
from attnlab.experiment.layout import COMPOSED_FILE, CONFIG_FILE, TOKENIZER_FOLDER, weights_file
from attnlab.experiment.results import write_whole
from attnlab.experiment.resume import is_run
from attnlab.seq2seq.model import Seq2Seq
from attnlab.text.tokenizer import TokenizerPair
from attnlab.training.checkpoint_file import read_checkpoint, write_checkpoint


@dataclass(frozen=True)
class Run:
    """A run that can be used: its configuration, tokenizers and model."""

    folder: Path
    config: DictConfig
    tokenizers: TokenizerPair
    model: Seq2Seq


def claim(folder: Path) -> None:
    """Takes a folder, `held` by this process, for a new run; one that was killed before it began leaves it free.

    Raises:
        RunError: another run has it.
    """
    if is_run(folder):
        raise RunError(
            f"a run has a folder of its own, but {folder} holds another one: go on with it by resume=FOLDER, start "
            "again, or set hydra.run.dir."
        )


def write_config(folder: Path, config: DictConfig) -> None:
    """Leaves the configuration twice: resolved, and as it was composed."""
    resolved = yaml.safe_dump(plain(config), sort_keys=False, allow_unicode=True)
    write_whole(folder / CONFIG_FILE, resolved)
    write_whole(folder / COMPOSED_FILE, OmegaConf.to_yaml(config))


def find_run(name: object, outputs: Path) -> Path:
    """The folder or checkpoint file that `run=` names; "latest" is the newest run under `outputs` that has weights.

    Raises:
        RunError: there is none.
    """
    if name != "latest":
        path = Path(str(name))
        if not path.exists():
            raise RunError(f"run names the folder or checkpoint of a run, but {name} does not exist: try run=latest.")
        return path
    found = list(outputs.glob(str(weights_file(Path("**")))))
    if not found:
        raise RunError(f"run=latest needs a finished run, but {outputs} has none: train one with python train.py.")
    return max(found, key=lambda path: path.stat().st_mtime).parent.parent


def open_run(config: DictConfig) -> tuple[Run, torch.device]:
    """The run that `run=` names, and the device that `device=` asks for, in float32: as every command but training.

    Raises:
        ConfigError: there is no such device.
        RunError: as `find_run` and `load_run`.
    """
    device = device_of(str(config.device))
    allow_tf32("32-true")
    return load_run(find_run(config.run, Path(str(config.paths.outputs)))), device


def load_run(path: Path) -> Run:
    """Rebuilds the model of a run from its folder, or from one of its checkpoint files.

    Raises:
        RunError: a file is missing, damaged, or does not belong to the others.
    """
    folder = path if path.is_dir() else path.resolve().parent.parent
    checkpoint = weights_file(path) if path.is_dir() else path
    config = read_config(folder)
    tokenizers = TokenizerPair.load(folder / TOKENIZER_FOLDER)
    try:
        model = build_model(config, tokenizers)
    except OmegaConfBaseException as error:
        raise _no_config(folder / COMPOSED_FILE) from error
    load_weights(model, read_weights(checkpoint), checkpoint)
    return Run(folder, config, tokenizers, model.eval())


def read_weights(path: Path) -> dict[str, Tensor]:
    """The network's parameters out of a checkpoint; nothing in the file is executed.

    Raises:
        RunError: as `read_checkpoint`.
    """
    return _weights(read_checkpoint(path))


def save_weights(path: Path, weights: dict[str, Tensor], figures: dict[str, float]) -> None:
    """Writes the network's parameters, and what training has measured, as a checkpoint.

    Raises:
        RunError: as `write_checkpoint`.
    """
    state = {f"model.{name}": value for name, value in weights.items()}
    write_checkpoint(path, {"state_dict": state, "figures": figures})


def read_trained(path: Path) -> tuple[dict[str, Tensor], dict[str, float]]:
    """What `save_weights` wrote.

    Raises:
        RunError: as `read_checkpoint`.
    """
    content = read_checkpoint(path)
    return _weights(content), dict(content["figures"])


def load_weights(model: Seq2Seq, weights: dict[str, Tensor], path: Path) -> None:
    """Puts weights into a model.

    Raises:
        RunError: they belong to another architecture.
    """
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        expected, found = model.state_dict(), weights
        name = next(
            key
            for key in [*expected, *found]
            if key not in found or key not in expected or found[key].shape != expected[key].shape
        )
        raise RunError(
            f"{path} belongs to another architecture: {name} is {_shape(found, name)} in the file and "
            f"{_shape(expected, name)} in the model of {CONFIG_FILE}; use the checkpoint with its own run folder."
        ) from error


def mean_weights(paths: Sequence[Path]) -> dict[str, Tensor]:
    """The mean of the weights of several checkpoints of one run."""
    states = [read_weights(path) for path in paths]
    return {name: torch.stack([state[name] for state in states]).mean(dim=0) for name in states[0]}


def read_config(folder: Path) -> DictConfig:
    """The configuration of a run, as it was composed.

    Raises:
        RunError: it is missing or no such configuration.
    """
    path = folder / COMPOSED_FILE
    try:
        config = OmegaConf.create(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(
            f"a run has a file {path}, but it cannot be read ({error.strerror}): name a run folder."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _no_config(path) from error
    if not isinstance(config, DictConfig) or "model" not in config:
        raise _no_config(path)
    return config


def _no_config(path: Path) -> RunError:
    return RunError(f"{path} is no configuration of a run: restore it, or name another run.")


def _weights(content: dict[str, Any]) -> dict[str, Tensor]:
    state = content["state_dict"]
    return {name.removeprefix("model."): value for name, value in state.items() if name.startswith("model.")}


def _shape(state: dict[str, Tensor], name: str) -> str:
    return str(list(state[name].shape)) if name in state else "missing"
