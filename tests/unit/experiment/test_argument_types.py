"""What a value of the configuration may be is what the constructor's signature says."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import pytest
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from attnlab.errors import ConfigError
from attnlab.experiment.argument_types import accepts, check_types


class Speaks(Protocol):
    def speak(self) -> str: ...


@pytest.mark.parametrize(
    ("hint", "fitting", "others"),
    [
        (int, [0, -3], [1.0, True, "1", None]),
        (float, [0, 1.5], [False, "1.5", None]),
        (bool, [True], [1, "true"]),
        (str, ["", "a"], [1, None, ["a"]]),
        (Path, ["a/b"], [1]),
        (int | None, [None, 2], ["2", 0.5]),
        (float | Tensor, [1, 0.1], ["0.1"]),
        (Literal["min", "max"], ["min"], ["mean", 1]),
        (Sequence[int], [[], [1, 2]], [[1, "2"], 1]),
        (tuple[float, float], [[0.9, 0.98]], [0.9]),
        (Mapping[str, int | None], [{}, {"a": 1, "b": None}], [{"a": "1"}, [1], 1]),
        (int | Mapping[str, int], [1, {"test": 3}], [{"test": None}, "1"]),
        (object, [1, None, "a", [1], {}], []),
        (Any, [1, None, "a"], []),
        (Speaks, [1, "a"], []),  # cannot be asked
    ],
)
def test_a_type_takes_what_it_says(hint: Any, fitting: list[Any], others: list[Any]) -> None:
    assert all(accepts(hint, value) for value in fitting)
    assert not any(accepts(hint, value) for value in others)


CONFIG = """
size: {size}
many: {many}
search:
  _target_: attnlab.decoding.greedy.Greedy
  no_repeat_ngram_size: ${{size}}
  length_limit:
    _target_: attnlab.decoding.limits.LengthLimit
    ratio: {ratio}
    extra: ???
selection:
  _target_: attnlab.data.settings.read_selection
  limit: ${{many}}
"""


def check(path: str = "search", size: str = "1", ratio: str = "1.5", many: str = "null", **arguments: Any) -> None:
    config = OmegaConf.create(CONFIG.format(size=size, ratio=ratio, many=many))
    assert isinstance(config, DictConfig)
    check_types(config, path, arguments)


def test_fitting_and_missing_values_pass() -> None:
    check()
    check(ratio="2")
    check("selection", many="{train: 3, test: null}")


def test_a_value_that_refers_to_another_is_named_after_it() -> None:
    with pytest.raises(ConfigError, match=r"^size takes a whole number, but it is 'abc': mend size\.$"):
        check(size="abc")


def test_an_inner_component_is_looked_at() -> None:
    with pytest.raises(ConfigError, match=r"^search.length_limit.ratio takes a number, but it is 'wide'"):
        check(ratio="wide")


def test_the_wrong_one_of_many_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^many.test takes a whole number or null, but it is 0.5"):
        check("selection", many="{train: 3, test: 0.5}")


def test_something_else_than_many_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^many takes names with a whole number or null, but it is 'all'"):
        check("selection", many="all")


def test_an_argument_goes_before_the_value_and_is_looked_at_too() -> None:
    check(size="abc", no_repeat_ngram_size=2)
    with pytest.raises(ConfigError, match=r"^search.no_repeat_ngram_size takes a whole number, but it is 'two'"):
        check(no_repeat_ngram_size="two")
