"""Length limits that a reader can work out by hand."""

from typing import Any

import pytest
import torch

from attnlab.decoding.limits import LengthLimit
from attnlab.errors import ConfigError


def test_limit_grows_with_the_source() -> None:
    limits = LengthLimit(ratio=1.5, extra=10, maximum=40).of(torch.tensor([1, 2, 10, 11, 20, 200]))
    assert limits.tolist() == [11, 13, 25, 26, 40, 40]  # 1.5 and 16.5 are rounded down
    assert limits.dtype == torch.int64


def test_limit_leaves_room_for_the_minimum_and_eos() -> None:
    assert LengthLimit(ratio=1.0, extra=0, maximum=9, minimum=4).of(torch.tensor([1, 5, 7])).tolist() == [5, 5, 7]
    assert LengthLimit(ratio=0.0, extra=0, maximum=9).of(torch.tensor([3])).tolist() == [1]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"minimum": -1}, r"minimum length cannot be negative, but is -1: set length_limit\.minimum"),
        ({"minimum": 5, "maximum": 5}, r"they are 5 and 5: raise length_limit\.maximum"),
        ({"ratio": -0.5}, r"ratio is -0\.5 and extra 0: set length_limit\.ratio"),
        ({"extra": -2}, r"ratio is 1\.0 and extra -2: set length_limit\.ratio"),
    ],
)
def test_impossible_limits(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        LengthLimit(**{"ratio": 1.0, "extra": 0, "maximum": 9} | values)
