"""A run folder from a stranger runs no code and writes nowhere else, or is refused in one line."""

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tokenizers
import torch
from omegaconf import DictConfig, OmegaConf
from tokenizers import models

from attnlab.errors import AttnlabError, ConfigError, RunError
from attnlab.experiment.build import build_model
from attnlab.experiment.layout import CHECKPOINT_FOLDER, COMPOSED_FILE, TOKENIZER_FOLDER, WEIGHTS_FILE
from attnlab.experiment.resume import resumed_config
from attnlab.experiment.run_folder import load_run, read_config, save_weights, write_config
from attnlab.text.tokenizer import INNER_SPECIAL_TOKENS
from attnlab.text.trainers import WordTrainer
from attnlab.training.best import BestCheckpoint
from attnlab.training.checkpoint_file import read_checkpoint
from attnlab.training.resumable import read_facts

Compose = Callable[..., DictConfig]


@pytest.fixture
def folder(compose_config: Compose, tmp_path: Path) -> Path:
    """What a tiny run leaves, in a folder that may be spoilt."""
    config = compose_config("train", "model.hidden_size=8", "model.embedding_size=8", f"paths.run={tmp_path}/run")
    config.model.name = "luong_general"
    pair = WordTrainer().train(["the dog sleeps"], ["der Hund schläft"])
    pair.save(tmp_path / "run" / TOKENIZER_FOLDER)
    model = build_model(config, pair)
    write_config(tmp_path / "run", config)
    save_weights(tmp_path / "run" / CHECKPOINT_FOLDER / WEIGHTS_FILE, model.state_dict(), {})
    return tmp_path / "run"


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A file that is made if code was run."""
    return tmp_path / "trap"


class Payload:
    """What a pickle runs when it is loaded."""

    def __init__(self, trap: Path) -> None:
        self._trap = trap

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self._trap}",)


def test_the_folder_can_be_used_before_it_is_spoilt(folder: Path) -> None:
    assert load_run(folder).tokenizers.source.encode_batch(["the dog"])


# Checkpoints


def legacy(content: Any, path: Path) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


def bare(content: Any, path: Path) -> None:
    path.write_bytes(pickle.dumps(content))


@pytest.mark.parametrize("write", [torch.save, legacy, bare])
@pytest.mark.parametrize("place", ["whole", "inside"])
def test_a_pickle_with_a_payload_runs_nothing(
    folder: Path, trap: Path, write: Callable[[Any, Path], None], place: str
) -> None:
    path = folder / CHECKPOINT_FOLDER / WEIGHTS_FILE
    payload = Payload(trap)
    write(payload if place == "whole" else {"state_dict": {"model.weight": torch.zeros(1), "x": payload}}, path)
    with pytest.raises(RunError, match=r"model\.ckpt is no whole attnlab checkpoint"):
        load_run(folder)
    shutil.copy(path, folder / CHECKPOINT_FOLDER / "last.ckpt")
    with pytest.raises(RunError, match=r"last\.ckpt is no whole attnlab checkpoint"):
        read_facts(folder / CHECKPOINT_FOLDER / "last.ckpt")
    assert not trap.exists()


def test_the_payload_would_have_worked(trap: Path) -> None:
    pickle.loads(pickle.dumps(Payload(trap)))
    assert trap.exists()


@pytest.mark.parametrize("content", [[1], {"weights": {}}, {"state_dict": [1]}, torch.zeros(2)], ids=str)
def test_other_contents_are_no_checkpoint(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "other.ckpt")
    with pytest.raises(RunError, match=r"other.ckpt is no whole attnlab checkpoint \(no weights in it\)"):
        read_checkpoint(tmp_path / "other.ckpt")


def test_a_checkpoint_of_something_else_is_none_of_a_training(folder: Path) -> None:
    with pytest.raises(RunError, match="that is no checkpoint of a training: name another run"):
        read_facts(folder / CHECKPOINT_FOLDER / WEIGHTS_FILE)


def test_a_bit_that_has_turned_is_noticed(folder: Path) -> None:
    """Inside of the numbers, where nothing else would notice."""
    path = folder / CHECKPOINT_FOLDER / WEIGHTS_FILE
    weights = read_checkpoint(path)["state_dict"]["model.decoder.merge.projection.weight"]
    content = bytearray(path.read_bytes())
    at = content.index(weights.numpy().tobytes())
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"no whole attnlab checkpoint \(.*data/\d+ was altered\): it may be truncated"):
        load_run(folder)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_checkpoint_is_refused(folder: Path, share: float) -> None:
    path = folder / CHECKPOINT_FOLDER / WEIGHTS_FILE
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(RunError, match=r"model.ckpt is no whole attnlab checkpoint .*: it may be truncated or altered"):
        load_run(folder)


@pytest.mark.parametrize("name", ["/etc/passwd", "..", "x/..", "../../precious", "precious.txt"])
def test_a_memory_of_other_files_is_refused(tmp_path: Path, name: str) -> None:
    """What is no longer among the best is deleted."""
    best = BestCheckpoint(dirpath=tmp_path, monitor="val/bleu", mode="max")
    state = {**best.state_dict(), "best_k_models": {name: torch.tensor(1.0)}, "kth_best_model_path": name}
    with pytest.raises(RunError, match=r"remembers the best ones, but .* is none: use one that was not altered"):
        best.load_state_dict(state)


def test_remembered_files_are_looked_for_in_the_folder_alone(tmp_path: Path) -> None:
    best = BestCheckpoint(dirpath=tmp_path, monitor="val/bleu", mode="max")
    name = "/elsewhere/../epoch=001.ckpt"
    state = {**best.state_dict(), "best_k_models": {name: torch.tensor(1.0)}, "kth_best_model_path": name}
    best.load_state_dict({**state, "best_model_path": name})
    here = str(tmp_path / "epoch=001.ckpt")
    assert (best.best_model_path, best.kth_best_model_path, list(best.best_k_models)) == (here, here, [here])


# Configurations


def spoil(folder: Path, **values: Any) -> None:
    config = OmegaConf.load(folder / COMPOSED_FILE)
    for name, value in values.items():
        OmegaConf.update(config, name.replace("__", "."), value, merge=False)
    OmegaConf.save(config, folder / COMPOSED_FILE)


TARGETS: dict[str, dict[str, Any]] = {
    "function": {"_target_": "os.system", "command": "touch TRAP"},
    "process": {"_target_": "subprocess.run", "args": ["touch", "TRAP"]},
    "evaluation": {"_target_": "builtins.eval", "_args_": ["open('TRAP', 'w')"]},
    "opening": {"_target_": "builtins.open", "file": "TRAP", "mode": "w"},
    "alias in our code": {"_target_": "attnlab.data.prepare.shutil.copy", "src": "/etc/hostname", "dst": "TRAP"},
    "alias of a library": {"_target_": "torch.optim.lr_scheduler.warnings.sys.exit"},
    "our function": {"_target_": "attnlab.training.checkpoint_file.write_checkpoint", "path": "TRAP", "content": {}},
    "our file": {"_target_": "attnlab.experiment.results.write_whole", "path": "TRAP", "text": "x"},
    "our command": {"_target_": "attnlab.experiment.launch.launch", "task": None, "config_name": "train"},
    "method": {"_target_": "attnlab.text.tokenizer.Tokenizer.load", "path": "/etc/passwd"},
    "import": {"_target_": "hydra.utils.get_method", "path": "os.system"},
    "partial": {"_target_": "os.system", "_partial_": True},
    "saving": {"_target_": "torch.save", "obj": 1, "f": "TRAP"},
}


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("place", ["model__network", "model__network__encoder__cell", "model__network__extra"])
def test_a_target_off_the_list_is_not_called(folder: Path, trap: Path, name: str, place: str) -> None:
    spoil(folder, **{place: json.loads(json.dumps(TARGETS[name]).replace("TRAP", str(trap)))})
    with pytest.raises(ConfigError if place != "model__network" else RunError) as caught:
        load_run(folder)
    assert "\n" not in str(caught.value)
    assert not trap.exists()


@pytest.mark.parametrize(
    "text",
    [
        '!!python/object/apply:os.system ["touch TRAP"]',
        'model: !!python/object/new:os.system ["touch TRAP"]',
        "{model: [",
    ],
)
def test_yaml_makes_no_objects(folder: Path, trap: Path, text: str) -> None:
    (folder / COMPOSED_FILE).write_text(text.replace("TRAP", str(trap)))
    with pytest.raises(RunError, match=r"composed.yaml is no configuration of a run: restore it"):
        load_run(folder)
    assert not trap.exists()


PATHS = {
    "callbacks__checkpoint__dirpath": "/tmp/elsewhere",
    "callbacks__checkpoint__filename": "../../../precious",
    "callbacks__resumable__dirpath": "../elsewhere",
    "callbacks__extra": {"_target_": "lightning.pytorch.callbacks.OnExceptionCheckpoint", "dirpath": "elsewhere"},
    "trainer__default_root_dir": "elsewhere",
    "trainer__plugins": ["/tmp/elsewhere"],
}


@pytest.mark.parametrize("name", PATHS)
def test_a_run_that_goes_on_writes_into_its_folder_alone(folder: Path, compose_config: Compose, name: str) -> None:
    command = compose_config("train", f"resume={folder}")
    assert resumed_config(folder, read_config(folder), command, []).model.hidden_size == 8
    spoil(folder, **{name: PATHS[name]})
    with pytest.raises(
        RunError,
        match=r"a run writes into its own folder, .*, but its (callbacks|trainer)\..* is .*: leave it as it is, or",
    ):
        resumed_config(folder, read_config(folder), command, [])


def test_places_come_from_the_command_that_goes_on(folder: Path, compose_config: Compose) -> None:
    spoil(folder, paths__cache="/elsewhere", paths__run="/elsewhere")
    config = resumed_config(folder, read_config(folder), compose_config("train", f"resume={folder}"), [])
    assert str(config.paths.run) == str(folder)
    assert config.callbacks.checkpoint.dirpath == f"{folder}/checkpoints"
    assert "elsewhere" not in str(config.paths.cache)


def test_a_folder_that_is_a_link_elsewhere_is_refused(folder: Path, compose_config: Compose, tmp_path: Path) -> None:
    (folder / CHECKPOINT_FOLDER).rename(tmp_path / "elsewhere")
    (folder / CHECKPOINT_FOLDER).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="a run writes into its own folder"):
        resumed_config(folder, read_config(folder), compose_config("train", f"resume={folder}"), [])


# Tokenizers


def wrong_kind(path: Path, backend: tokenizers.Tokenizer) -> None:
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**content, "tokenizers": json.loads(backend.to_str())}), "utf-8")


def unigram(path: Path) -> None:
    wrong_kind(path, tokenizers.Tokenizer(models.Unigram([(token, 0.0) for token in INNER_SPECIAL_TOKENS], 1)))


def wordpiece(path: Path) -> None:
    vocabulary = {token: index for index, token in enumerate(INNER_SPECIAL_TOKENS)}
    wrong_kind(path, tokenizers.Tokenizer(models.WordPiece(vocabulary, unk_token=INNER_SPECIAL_TOKENS[1])))


def foreign(path: Path) -> None:
    tokenizers.Tokenizer(models.BPE()).save(str(path))


def another_vocabulary(path: Path) -> None:
    pair = WordTrainer().train(["a b c d e"], ["f"])
    pair.source.save(path)


@pytest.mark.parametrize("write", [unigram, wordpiece, foreign, another_vocabulary])
def test_a_tokenizer_of_the_wrong_kind_is_refused(folder: Path, write: Callable[[Path], None]) -> None:
    write(folder / TOKENIZER_FOLDER / "source.json")
    with pytest.raises(RunError, match=r"must be a whole tokenizer file|belongs to another architecture"):
        load_run(folder)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff\xfe\x00", b'{"format": "attnlab tokenizer 1"}'])
def test_a_file_that_is_no_tokenizer_is_refused(folder: Path, content: bytes) -> None:
    (folder / TOKENIZER_FOLDER / "source.json").write_bytes(content)
    with pytest.raises(RunError, match=r"source.json must be a whole tokenizer file"):
        load_run(folder)


def test_a_pickled_tokenizer_runs_nothing(folder: Path, trap: Path) -> None:
    (folder / TOKENIZER_FOLDER / "source.json").write_bytes(pickle.dumps(Payload(trap)))
    with pytest.raises(AttnlabError, match="must be a whole tokenizer file"):
        load_run(folder)
    assert not trap.exists()
