"""Builds every scoring function and decoder by name, small."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import BuildModel, BuildScoring
from multi_head_oracles import ORACLES as MULTI_HEAD
from omegaconf import DictConfig, OmegaConf
from remembering_oracles import ORACLES as REMEMBERING
from scoring_oracles import ORACLES

from attnlab.attention.scoring import ScoringFunction
from attnlab.experiment.components import component
from attnlab.seq2seq.model import Seq2Seq

MODELS = sorted(
    path.stem
    for path in (Path(__file__).parents[2] / "conf" / "model").glob("*.yaml")
    if path.stem != "luong" and not path.stem.startswith("base")  # parts of the others
)
OTHER_MODELS = [
    "bahdanau model/attention=location_aware",
    "luong model/attention=coverage",
    "luong model/attention=location_aware model.network.decoder.input_feeding=false",
    "luong model/attention=multi_head_general",
]


@pytest.fixture
def build_scoring(conf_folder: Path) -> BuildScoring:
    """Builds a scoring function from its yaml with hidden size 8 and some options of its own, in float64."""

    def build(name: str, **options: Any) -> ScoringFunction:
        torch.manual_seed(0)
        node = OmegaConf.load(conf_folder / "model" / "attention" / f"{name}.yaml")
        config = OmegaConf.create({"model": {"hidden_size": 8, "attention": OmegaConf.merge(node, options)}})
        return component(config, "model.attention", ScoringFunction).double()

    return build


@pytest.fixture(params=sorted({*ORACLES, *MULTI_HEAD, *REMEMBERING}))
def scoring_name(request: pytest.FixtureRequest) -> str:
    """Every scoring function, one after the other."""
    return str(request.param)


@pytest.fixture(params=MODELS + OTHER_MODELS)
def model_name(request: pytest.FixtureRequest) -> str:
    """Every named model, one after the other, and some with overrides, set off by blanks."""
    return str(request.param)


@pytest.fixture(scope="session")
def built_models() -> dict[tuple[str, ...], Seq2Seq]:
    """Composing takes a second; what was built once is copied."""
    return {}


@pytest.fixture
def build_model(compose_config: Callable[..., DictConfig], built_models: dict[tuple[str, ...], Seq2Seq]) -> BuildModel:
    """Builds a named model from its yaml, small and without dropout, for vocabularies of 11 words."""

    def build(name: str, *overrides: str) -> Seq2Seq:
        name, *more = name.split()
        overrides = (*more, *overrides)
        if (name, *overrides) not in built_models:
            torch.manual_seed(0)
            sizes = ("model.embedding_size=6", "model.hidden_size=8", "model.dropout=0.0")
            config = compose_config("train", f"model={name}", *sizes, *overrides)
            config.model.network.embeddings.source_vocab_size = 11
            config.model.network.embeddings.target_vocab_size = 11
            built_models[name, *overrides] = component(config, "model.network", Seq2Seq)
        return deepcopy(built_models[name, *overrides])

    return build
