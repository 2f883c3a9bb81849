"""What scoring functions refuse."""

from collections.abc import Callable
from functools import partial

import pytest
import torch

from attnlab.attention.concat_unweighted import ConcatUnweighted
from attnlab.attention.cosine import Cosine
from attnlab.attention.dot import Dot
from attnlab.attention.location import Location
from attnlab.attention.low_rank import LowRank
from attnlab.attention.multi_head_dot import MultiHeadDot
from attnlab.attention.scaled_dot import ScaledDot
from attnlab.attention.scoring import ScoringFunction
from attnlab.errors import ConfigError, ShapeError

HEADS = {"num_heads": 2, "scaled": True, "output_projection": True}


@pytest.mark.parametrize(
    ("name", "scoring", "instead"),
    [
        ("dot", Dot, "general"),
        ("scaled_dot", ScaledDot, "scaled_general"),
        ("concat_unweighted", ConcatUnweighted, "concat"),
        ("cosine", partial(Cosine, sharpness=10.0), "scaled_general"),
        (
            "multi_head_dot",
            partial(MultiHeadDot, num_heads=2, scaled=True, output_projection=True),
            "multi_head_general",
        ),
    ],
)
def test_sizes_that_differ_are_refused(name: str, scoring: Callable[..., ScoringFunction], instead: str) -> None:
    rule = rf"^{name} needs memory_size == query_size, but they are 6 and 8: make the encoder as .* or use {instead}\."
    with pytest.raises(ShapeError, match=rule):
        scoring(query_size=8, memory_size=6)


def test_location_refuses_a_source_beyond_its_positions() -> None:
    location = Location(query_size=8, max_source_length=3)
    location.keys(torch.zeros(1, 3, 8))
    with pytest.raises(ShapeError, match=r"at most 3 source positions, but this batch has 4\..*max_source_length"):
        location.keys(torch.zeros(1, 4, 8))


@pytest.mark.parametrize("sharpness", [0.0, -1.0, float("nan")])
def test_cosine_refuses_a_sharpness_that_is_not_positive(sharpness: float) -> None:
    with pytest.raises(ConfigError, match=rf"positive sharpness, not {sharpness}: set model\.attention\.sharpness"):
        Cosine(query_size=8, memory_size=8, sharpness=sharpness)


@pytest.mark.parametrize("rank", [0, -1, 7])
def test_low_rank_refuses_a_rank_that_bounds_nothing(rank: int) -> None:
    with pytest.raises(ConfigError, match=rf"min\(query_size, memory_size\) = 6, not {rank}: .*rank, or use general"):
        LowRank(query_size=8, memory_size=6, rank=rank)


@pytest.mark.parametrize("rank", [1, 6])
def test_low_rank_takes_every_rank_that_a_matrix_can_have(rank: int) -> None:
    matrix = LowRank(query_size=8, memory_size=6, rank=rank)
    product = matrix.query_projection.weight.T @ matrix.memory_projection.weight
    assert torch.linalg.matrix_rank(product) == rank
