"""A node becomes an object of the right kind, or one line that says what is wrong with it."""

from typing import Any

import pytest
from omegaconf import OmegaConf

from attnlab.decoding.greedy import Greedy
from attnlab.decoding.protocol import Search
from attnlab.errors import ConfigError, first_line
from attnlab.experiment.components import component
from attnlab.training.loss import LabelSmoothedCrossEntropy


def build(node: Any, kind: type = object) -> Any:
    return component(OmegaConf.create({"part": node}), "part", kind)


def test_a_component_is_built() -> None:
    loss = build({"_target_": "attnlab.training.loss.LabelSmoothedCrossEntropy", "label_smoothing": 0.1})
    assert isinstance(loss, LabelSmoothedCrossEntropy)


@pytest.mark.parametrize("node", ["none", 3, None, {"size": 3}, ["a"]])
def test_a_value_is_no_component(node: Any) -> None:
    with pytest.raises(ConfigError, match=r"part must be a component with a _target_, but it is .* part=NAME"):
        build(node)


def test_another_kind_is_refused() -> None:
    node = {"_target_": "attnlab.training.loss.LabelSmoothedCrossEntropy", "label_smoothing": 0.1}
    with pytest.raises(ConfigError, match="part must be a Greedy, but its _target_ makes a LabelSmoothedCrossEntropy"):
        build(node, Greedy)


def test_its_own_error_comes_through() -> None:
    node = {"_target_": "attnlab.training.loss.LabelSmoothedCrossEntropy", "label_smoothing": 2.0}
    with pytest.raises(ConfigError, match=r"^label_smoothing is a share in \[0, 1\), not 2"):
        build(node)


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        ({"_target_": "torch.optim.SGD", "params": [], "lr": 0.1}, "empty parameter list"),
        ({"_target_": "attnlab.nowhere.Nothing"}, "attnlab.nowhere"),
        ({"_target_": "attnlab.seq2seq.cells.GRU", "size": 3}, "no arguments"),
        ({"_target_": "os.system", "command": "true"}, "os.system"),
        ({"_target_": "subprocess.run", "args": ["true"]}, "subprocess.run"),
    ],
)
def test_foreign_errors_become_one_line(node: Any, reason: str) -> None:
    with pytest.raises(ConfigError, match=f"^part cannot be built .*{reason}.*: mend a value of part") as caught:
        build(node)
    assert "\n" not in str(caught.value)


def test_a_missing_value_is_named() -> None:
    node = {"_target_": "attnlab.training.loss.LabelSmoothedCrossEntropy", "label_smoothing": "${nowhere}"}
    with pytest.raises(ConfigError, match=r"part cannot be resolved .*nowhere.*: give the value that is missing"):
        build(node, Search)


def test_the_first_line_of_an_error_without_text_is_its_kind() -> None:
    assert first_line(ValueError("")) == "ValueError"
    assert first_line(ValueError("one.\ntwo")) == "one"
