"""What scoring functions refuse."""

import pytest
import torch

from attnlab.attention.dot import Dot
from attnlab.attention.location import Location
from attnlab.errors import ShapeError


def test_dot_refuses_sizes_that_differ() -> None:
    with pytest.raises(ShapeError, match="memory_size == query_size, but they are 6 and 8"):
        Dot(query_size=8, memory_size=6)


def test_location_refuses_a_source_beyond_its_positions() -> None:
    location = Location(query_size=8, max_source_length=3)
    location.keys(torch.zeros(1, 3, 8))
    with pytest.raises(ShapeError, match=r"at most 3 source positions, but this batch has 4\..*max_source_length"):
        location.keys(torch.zeros(1, 4, 8))
