from collections.abc import Callable
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf

from attnlab.study.settings import (
    ABSENT,
    chosen_differences,
    differences,
    following_keys,
    labels,
    lookup,
    setting,
    setting_text,
)

Config = dict[str, Any]


def test_a_setting_is_found_by_its_dotted_key() -> None:
    config: Config = {"data": {"sample": {"train": None}, "join": 1}}
    assert setting(config, "data.join") == 1
    assert setting(config, "data.sample.train.size") is None
    assert lookup(config, "data.sample.train.size") is None, "switched off"
    assert lookup(config, "data.sample.test.size") is ABSENT
    assert setting(config, "data.join.train") is None


def test_differences_name_each_value_in_the_order_of_the_file() -> None:
    first: Config = {"model": {"size": 1, "cell": {"_target_": "a.LSTM"}}, "seed": 1, "same": [1, 2]}
    second: Config = {"model": {"size": 2, "cell": {"_target_": "a.GRU"}}, "seed": 2, "same": [1, 2]}
    assert differences([first, second]) == {
        "model.size": [1, 2],
        "model.cell._target_": ["a.LSTM", "a.GRU"],
        "seed": [1, 2],
    }


def test_a_key_that_one_lacks_is_no_difference() -> None:
    """It came with newer code, or with a component that differs itself."""
    assert differences([{"a": 1, "new": 3}, {"a": 1}, {"a": 1, "old": 2}]) == {}


def test_a_key_that_somebody_added_is_a_difference_from_lacking_it() -> None:
    configs: list[Config] = [{"optimizer": {"lr": 1, "betas": [0.8]}}, {"optimizer": {"lr": 1}}]
    assert differences(configs, added={"optimizer.betas"}) == {"optimizer.betas": [[0.8], ABSENT]}
    assert differences(configs[:1] * 2, added={"optimizer.betas"}) == {}
    whole: list[Config] = [{"new": {"x": 1}}, {}]
    assert differences(whole, added={"new"}) == {"new": [{"x": 1}, ABSENT]}


def test_files_of_other_names_differ() -> None:
    """A corpus may lie elsewhere on another machine, but two training sets are two."""
    paths: list[Any] = [
        "/here/corpus",
        "there/corpus",
        {"train": "/x/a/one.tsv"},
        {"train": "y/a/one.tsv"},
        "b/one.tsv",
    ]
    configs: list[Config] = [{"data": {"path": path}} for path in paths]
    assert differences(configs[:2]) == {}
    assert differences(configs[2:4]) == {}
    found = differences(configs[1:])
    assert found == {"data.path": ["corpus", {"train": "a/one.tsv"}, {"train": "a/one.tsv"}, "b/one.tsv"]}


def test_a_key_that_one_lacks_still_differs_between_the_others() -> None:
    scores: list[Config] = [{"key_size": 1}, {"rank": 8, "init": {"scale": 1}}, {"rank": 16, "init": {"scale": 2}}]
    assert differences([{"score": one} for one in scores]) == {
        "score.rank": [ABSENT, 8, 16],
        "score.init.scale": [ABSENT, 1, 2],
    }


def test_none_is_a_value_and_not_a_lack() -> None:
    assert differences([{}, {"window": None}, {"window": 3}]) == {"window": [ABSENT, None, 3]}


def test_a_part_that_is_left_out_differs_from_one_that_is_not() -> None:
    part = {"_target_": "lightning.EarlyStopping", "patience": 5}
    nodes: list[Config] = [{"callbacks": {"stop": each}} for each in (part, None, {**part, "patience": 9}, part)]
    assert differences(nodes[:2]) == {"callbacks.stop._target_": ["lightning.EarlyStopping", None]}
    assert differences(nodes) == {
        "callbacks.stop._target_": ["lightning.EarlyStopping", None, *["lightning.EarlyStopping"] * 2],
        "callbacks.stop.patience": [5, ABSENT, 9, 5],
    }


def test_settings_whose_keys_are_values_differ_as_one() -> None:
    """Their keys need not be the same, and a share of no other bucket must not be overlooked."""
    lengths = [{"3-9": 0.5, "10-19": 0.5}, {"3-9": 0.5, "30-60": 0.5}]
    assert differences([{"lengths": one} for one in lengths]) == {"lengths": lengths}


def test_numbers_are_compared_as_numbers() -> None:
    assert differences([{"dropout": 0}, {"dropout": 0.0}]) == {}


def test_references_are_the_values_made_from_others() -> None:
    composed = {"a": {"b": "${c.d}", "e": 1}, "c": {"d": 2}, "f": "${a.b}/x", "g": ["${a}"]}
    assert following_keys(composed) == {"a.b", "f"}


def test_a_recipe_chooses_what_is_taken_from_it_alone() -> None:
    recipe = {"hidden_size": 256, "max_epochs": 4, "dropout": 0.1}
    composed = {
        "data": {"recipe": recipe},
        "model": {"hidden_size": 64, "steps": "${twice:${data.recipe.max_epochs}}", "drop": ["${data.recipe.dropout}"]},
    }
    assert following_keys(composed) == {"model.steps", "data.recipe.hidden_size"}


def sizes(hidden_size: int, embedding_size: int) -> Config:
    encoder = {"memory_size": hidden_size, "embedding_size": embedding_size}
    return {"network": {"encoder": encoder}, "hidden_size": hidden_size, "embedding_size": embedding_size}


FOLLOWING = frozenset({"network.encoder.memory_size", "network.encoder.embedding_size"})


def test_what_follows_from_another_setting_is_not_told() -> None:
    found = chosen_differences([sizes(1, 8), sizes(2, 8)], [FOLLOWING, FOLLOWING])
    assert found == {"hidden_size": [1, 2]}


def test_two_settings_that_were_changed_together_are_both_told() -> None:
    found = chosen_differences([sizes(1, 1), sizes(2, 2)], [FOLLOWING, FOLLOWING])
    assert found == {"hidden_size": [1, 2], "embedding_size": [1, 2]}


def test_a_whole_node_may_refer() -> None:
    found = chosen_differences([sizes(1, 8), sizes(2, 8)], [frozenset({"network"}), frozenset({"network"})])
    assert found == {"hidden_size": [1, 2]}


@pytest.mark.parametrize("following", [[FOLLOWING, FOLLOWING, frozenset()], [None, FOLLOWING, None]])
def test_what_follows_does_so_in_the_runs_that_have_it(following: list[Any]) -> None:
    """A run without the encoder does not say to what it refers."""
    found = chosen_differences([sizes(1, 8), sizes(2, 8), {"hidden_size": 1, "embedding_size": 8}], following)
    assert found == {"hidden_size": [1, 2, 1]}


def test_where_references_are_unknown_a_key_that_some_lack_follows_one_that_agrees_with_the_others() -> None:
    configs: list[Config] = [sizes(1, 8), sizes(2, 8), {"hidden_size": 1, "embedding_size": 8}]
    assert chosen_differences(configs, [None] * 3) == {"hidden_size": [1, 2, 1]}


def test_a_reference_that_one_run_overrides_is_a_choice() -> None:
    found = chosen_differences([{"hidden_size": 1}, {"hidden_size": 2}], [frozenset({"hidden_size"}), frozenset()])
    assert found == {"hidden_size": [1, 2]}


@pytest.mark.parametrize("following", [[None, None], [None, FOLLOWING]])
def test_where_references_are_unknown_the_nearest_to_the_root_stands_for_all(following: list[Any]) -> None:
    found = chosen_differences([sizes(1, 8), sizes(2, 8)], following)
    assert found == {"hidden_size": [1, 2]}


def test_seed_places_and_looks_are_no_choices() -> None:
    first: Config = {
        "seed": 1,
        "paths": {"run": "a"},
        "logger": {"project": "a"},
        "callbacks": {"checkpoint": {"dirpath": "a"}, "progress": None},
        "data": {"corpus": {"cache_dir": "a", "path": "/here/corpus"}},
        "trainer": {"accelerator": "auto", "devices": 1},
        "embeddings": {"source_vocab_size": 100},
    }
    second: Config = {
        "seed": 2,
        "paths": {"run": "b"},
        "logger": {"project": "b"},
        "callbacks": {"checkpoint": {"dirpath": "b"}, "progress": {"leave": False}},
        "data": {"corpus": {"cache_dir": "b", "path": "/there/corpus"}},
        "trainer": {"accelerator": "cpu", "devices": 2},
        "embeddings": {"source_vocab_size": 200},
    }
    assert chosen_differences([first, second], [frozenset(), frozenset()]) == {"trainer.devices": [1, 2]}


def test_labels_are_as_short_as_they_can_be() -> None:
    keys = ["model.hidden_size", "model.cell._target_", "encoder.dropout", "decoder.dropout", "dropout"]
    assert labels(keys) == {
        "model.hidden_size": "hidden_size",
        "model.cell._target_": "cell",
        "encoder.dropout": "encoder.dropout",
        "decoder.dropout": "decoder.dropout",
        "dropout": "dropout",
    }


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("a", 0.003, "0.003"),
        ("a", 128, "128"),
        ("a", None, "null"),
        ("a", True, "true"),
        ("a", "drop", "drop"),
        ("a", [1, None], "[1,null]"),
        ("a", {"3-9": 0.5, "30-60": 0.5}, "{3-9:0.5,30-60:0.5}"),
        ("a", "/home/someone/corpus", "corpus"),
        ("model.cell._target_", "attnlab.seq2seq.cells.GRU", "GRU"),
        ("callbacks.stop._target_", None, "null"),
    ],
)
def test_values_are_written_as_they_are_typed(key: str, value: object, text: str) -> None:
    assert setting_text(key, value) == text


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("model.hidden_size=512", "hidden_size=512"),
        ("data.recipe.hidden_size=512", "hidden_size=512"),
        ("model/cell=gru", "cell=GRU"),
        ("model/normalizer=sparsemax", "normalizer=Sparsemax"),
        ("model.network.decoder.input_feeding=false", "input_feeding=false"),
        ("search=greedy", "search=Greedy"),
        ("search.beam_size=1", "beam_size=1"),
        ("optimizer.lr=0.1", "lr=0.1"),
        ("callbacks.early_stopping=null", "early_stopping=null"),
        ("data.length.train=[1,9]", "length.train=[1,9]"),
        ("seed=7", ""),
        ("logger=none", ""),
    ],
)
def test_a_command_line_is_told_as_it_was_typed(
    compose_config: Callable[..., DictConfig], override: str, told: str
) -> None:
    """The real configurations: one override, one difference."""
    configs, following = [], []
    for overrides in ([], [override]):
        config = compose_config("train", *overrides)
        config.model.network.embeddings.update(source_vocab_size=5, target_vocab_size=5)
        configs.append(OmegaConf.to_container(config, resolve=True))
        following.append(following_keys(OmegaConf.to_container(config, resolve=False)))  # type: ignore[arg-type]
    found = chosen_differences(configs, following)  # type: ignore[arg-type]
    short = labels(list(found))
    assert " ".join(f"{short[key]}={setting_text(key, values[1])}" for key, values in found.items()) == told
