"""Every file below conf/ composes and builds; every model trains, is stored and comes back as it was."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra import compose
from omegaconf import DictConfig, OmegaConf

from attnlab.data.bucketing import BatchBudget
from attnlab.data.corpus import Corpus
from attnlab.data.selection import Selection
from attnlab.evaluation.scores import TextScores
from attnlab.experiment.build import (
    build_callbacks,
    build_optimizer,
    build_search,
    build_trainer,
    plain,
    prepare_data,
)
from attnlab.experiment.components import component
from attnlab.experiment.results import read_results, read_translations
from attnlab.experiment.run_folder import load_run
from attnlab.experiment.score import score
from attnlab.experiment.tracking import Tracking
from attnlab.experiment.train import train
from attnlab.experiment.trial import objective_names
from attnlab.seq2seq.model import Seq2Seq
from attnlab.text.trainers import TokenizerTrainer
from attnlab.training.precision import Precision
from attnlab.training.schedule import Schedule
from hydra_plugins.attnlab_sweeper._space import ends, read_space

Compose = Callable[..., DictConfig]

CONF = Path(__file__).parents[2] / "conf"
TINY = (
    "model.hidden_size=16",
    "model.embedding_size=12",
    "data.train_size=40",
    "data.validation_size=6",
    "data.test_size=6",
    "data.lengths={minimum:3,maximum:12,mean:6}",
    "data.batch.max_tokens=64",
    "trainer.max_epochs=1",
    "trainer.limit_train_batches=3",
    "trainer.accelerator=cpu",
    "trainer.precision=32-true",
    "search.length_limit.maximum=20",
    "callbacks.progress=null",
    "logger=none",
)


LONG = ("data.length.buckets={short:[1,2],medium:[3,3],long:[4,null]}", "data.validation_size=60")
"""Makes the short sentences of `TINY` long ones, and lets some validate that are long in any case."""


def files() -> Iterator[tuple[str, str]]:
    """Group and name of every configuration; sweeps/ lies elsewhere and is linked to."""
    for folder, _, names in os.walk(CONF, followlinks=True):
        group = Path(folder).relative_to(CONF).as_posix().removeprefix(".")
        yield from ((group, name.removesuffix(".yaml")) for name in sorted(names) if name.endswith(".yaml"))


def names_of(group: str) -> list[str]:
    """All choices of a group, without the parts of others."""
    return [name for one, name in files() if one == group and not name.startswith("base")]


def whole_model(config: DictConfig) -> None:
    config.model.network.embeddings.source_vocab_size = config.model.network.embeddings.target_vocab_size = 11
    model = component(config, "model.network", Seq2Seq)
    assert model(torch.tensor([[5, 6]]), torch.tensor([2]), torch.tensor([[2]])).logits.shape == (1, 1, 11)


def whole_data(config: DictConfig) -> None:
    assert component(config, "data.corpus", Corpus).name == config.data.name
    component(config, "data.tokenizer", TokenizerTrainer)
    component(config, "data.selection", Selection)
    component(config, "data.scoring", TextScores)
    component(config, "data.batch", BatchBudget)
    component(config, "data.evaluation_batch", BatchBudget)


def paths(config: DictConfig) -> None:
    assert {"outputs", "cache", "run"} == set(config.paths)
    plain(config.paths)


PARTS: dict[str, Callable[[DictConfig], object]] = {
    "model/attention": whole_model,
    "model/normalizer": whole_model,
    "model/window": whole_model,
    "model/merge": whole_model,
    "model/bridge": whole_model,
    "model/cell": whole_model,
    "data": whole_data,
    "data/tokenizer": whole_data,
    "optimizer": build_optimizer,
    "schedule": lambda config: component(config, "schedule", Schedule),
    "search": build_search,
    "logger": lambda config: component(config, "logger", Tracking),
    "callbacks": build_callbacks,
    "trainer": lambda config: build_trainer(config, Precision("32-true", ""), logger=False),
    "paths": paths,
    "experiment": whole_model,
}
"""What a choice of each group must build."""
NO_PARTS = {"", "hydra", "model", "sweeps", "unknown_words"}
"""Groups with tests of their own."""


def test_every_group_is_tested() -> None:
    assert {group for group, _ in files()} <= PARTS.keys() | NO_PARTS


@pytest.mark.parametrize(("group", "name"), [(group, name) for group in PARTS for name in names_of(group)])
def test_a_choice_composes_and_builds(group: str, name: str, compose_config: Compose) -> None:
    model = ["model=luong"] if group.startswith("model/") else []
    PARTS[group](compose_config("train", *model, f"{group}={name}"))


@pytest.mark.parametrize("bars", [0, 1])
def test_a_progress_bar_is_left_out_on_request(bars: int, compose_config: Compose) -> None:
    config = compose_config("train", *([] if bars else ["callbacks.progress=null"]))
    callbacks = list(build_callbacks(config).values())
    trainer = build_trainer(config, Precision("32-true", ""), logger=False, callbacks=callbacks)
    assert (trainer.progress_bar_callback is not None) == bool(bars)


@pytest.mark.parametrize("name", names_of(""))
def test_a_main_configuration_composes_and_has_a_help_of_its_own(name: str, compose_config: Compose) -> None:
    config = compose_config(name)
    assert "paths" in config
    assert name in names_of("hydra")
    assert OmegaConf.load(CONF / "hydra" / f"{name}.yaml").help.app_name == f"{name}.py"
    assert (CONF.parent / f"{name}.py").is_file()


@pytest.mark.parametrize("name", names_of("sweeps"))
def test_a_sweep_asks_a_question_in_a_folder_of_its_own_and_moves_only_what_is_there(
    name: str, compose_config: Compose
) -> None:
    config = compose_config("train", f"sweeps={name}", "data=text", "data.path=x", "trainer=default")
    assert config.data.name == "text"
    hydra = compose("train", overrides=[f"sweeps={name}"], return_hydra_config=True).hydra
    assert hydra.sweeper.params
    for key in hydra.sweeper.params:
        OmegaConf.select(config, str(key).replace("/", "."), throw_on_missing=True)
    sweep: Any = OmegaConf.to_container(hydra.sweep)
    assert sweep["dir"] == "${paths.outputs}/sweeps/${hydra:runtime.choices.sweeps}"
    package, question = (CONF / "sweeps" / f"{name}.yaml").read_text("utf-8").splitlines()[:2]
    assert package == "# @package _global_"
    assert question.startswith("# ")
    assert question.endswith("?")


@pytest.mark.parametrize("sampler", ["tpe", "gp", "random", "nsgaii"])
@pytest.mark.parametrize("name", names_of("sweeps"))
def test_a_sweep_takes_any_sampler(name: str, sampler: str, compose_config: Compose) -> None:
    compose_config("train", f"sweeps={name}", f"hydra/sweeper/sampler={sampler}")


@pytest.mark.parametrize("name", names_of("sweeps"))
def test_a_sweep_trains(name: str, compose_config: Compose, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Its last point, at a tiny size."""
    sweeper = compose("train", overrides=[f"sweeps={name}"], return_hydra_config=True).hydra.sweeper
    space = read_space(sweeper.params, [])
    point = space.grid()[-1] if "Grid" in sweeper.sampler._target_ else {k: ends(v)[1] for k, v in space.varied.items()}
    cache = tmp_path_factory.getbasetemp() / "configurations"
    config = compose_config("train", f"sweeps={name}", *space.overrides(point), f"paths.cache={cache}", *TINY, *LONG)
    values = train(config)
    assert (len(values) if isinstance(values, tuple) else 1) == len(objective_names(config))


@pytest.mark.parametrize("name", names_of("model"))
def test_a_model_trains_is_stored_and_translates_alike_when_it_comes_back(
    name: str, compose_config: Compose, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = tmp_path_factory.getbasetemp() / "configurations"
    config = compose_config("train", f"model={name}", f"paths.cache={cache}", *TINY)
    best = train(config)
    folder = tmp_path / "run"
    assert read_results(folder).metrics["best/val/bleu"] == best
    for path in (folder / "checkpoints").iterdir():
        assert torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    run = load_run(folder)
    assert not run.model.training
    again = score(run.config, run.model, prepare_data(run.config), "test")
    assert again.translations == read_translations(folder)
