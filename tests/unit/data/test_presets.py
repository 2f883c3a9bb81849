"""Every preset of conf/data composes into a corpus, a tokenizer, a selection and budgets."""

from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig

from attnlab.data.bucketing import BatchBudget
from attnlab.data.corpus import Corpus, TranslationCorpus
from attnlab.data.lengths import LengthBuckets
from attnlab.data.selection import Sample, Selection
from attnlab.errors import ConfigError
from attnlab.experiment.components import component
from attnlab.text.trainers import BytePairTrainer, CharacterTrainer, TokenizerTrainer, WordTrainer

Compose = Callable[..., DictConfig]
CONF = Path(__file__).parents[3] / "conf" / "data"
PRESETS = sorted(path.stem for path in CONF.glob("*.yaml") if not path.stem.startswith("base"))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_builds(name: str, compose_config: Compose) -> None:
    config = compose_config("train", f"data={name}")
    assert config.data.name == name
    assert component(config, "data.corpus", Corpus).name == name
    assert isinstance(component(config, "data.tokenizer", TokenizerTrainer), WordTrainer | BytePairTrainer)
    selection = component(config, "data.selection", Selection)
    assert selection.buckets.names == ("short", "medium", "long")
    assert not selection.refuse_empty
    assert LengthBuckets.fine(**config.data.length.fine).of(1) is not None
    component(config, "data.batch", BatchBudget)
    component(config, "data.evaluation_batch", BatchBudget)


@pytest.mark.parametrize(
    ("choice", "kind"), [("bytepair", BytePairTrainer), ("words", WordTrainer), ("characters", CharacterTrainer)]
)
@pytest.mark.parametrize("name", ["grammar", "text"])
def test_any_corpus_takes_any_tokenizer(name: str, choice: str, kind: type, compose_config: Compose) -> None:
    config = compose_config("train", f"data={name}", f"data/tokenizer={choice}")
    assert isinstance(component(config, "data.tokenizer", TokenizerTrainer), kind)


def test_the_command_line_reaches_every_setting(compose_config: Compose) -> None:
    config = compose_config(
        "train",
        "data=text",
        "data.path={train: a, test: b}",
        "data.splits.validation=newstest2013",
        "data.length.train=[1,9]",
        "data.length.test=[20,null]",
        "data.join={test: 3}",
        "data.limit.train=100",
        "data.sample.test={size: 10, shares: {short: 1}}",
        "data.empty_lines=refuse",
        "data.batch.max_tokens=null",
        "data.batch.max_sentences=64",
    )
    corpus = component(config, "data.corpus", TranslationCorpus)
    assert corpus.path == {"train": "a", "test": "b"}
    assert corpus.splits["validation"] == "newstest2013"
    selection = component(config, "data.selection", Selection)
    assert selection.lengths == {"train": (1, 9), "test": (20, None)}
    assert selection.joined == {"test": 3}
    assert selection.limits == {"train": 100}
    assert selection.samples == {"test": Sample(size=10, shares={"short": 1})}
    assert selection.refuse_empty
    assert component(config, "data.batch", BatchBudget) == BatchBudget(max_sentences=64)


@pytest.mark.parametrize("name", ["multi30k_tok", "text"])
def test_a_corpus_of_your_own_asks_where_it_lies(name: str, compose_config: Compose) -> None:
    with pytest.raises(ConfigError, match=rf"corpus {name} lies in files of your own, .*: give data.path=<folder>"):
        component(compose_config("train", f"data={name}"), "data.corpus", Corpus).load()
