"""Temperatures."""

import pytest
import torch
from torch.testing import assert_close

from attnlab.attention.normalizers.softmax import Softmax
from attnlab.attention.normalizers.softmax_learned_temperature import SoftmaxLearnedTemperature
from attnlab.attention.past import Past
from attnlab.errors import ConfigError


def test_a_temperature_of_one_half_squares_the_odds() -> None:
    scores = torch.tensor([[[0.0, 2.0]]]).log1p()  # odds 1 to 3
    mask, past = torch.ones(1, 1, 2, dtype=torch.bool), Past(torch.zeros(1, 1, dtype=torch.long), None, None)
    for normalizer in (Softmax(0.5), SoftmaxLearnedTemperature(0.5)):
        assert_close(normalizer(scores, mask, past), torch.tensor([[[0.1, 0.9]]]))


def test_float16_scores_do_not_overflow_when_a_temperature_sharpens_them() -> None:
    """60000 / 0.5 is beyond float16; as infinity it would leave NaN of both positions."""
    scores = torch.tensor([[[60000.0, 60000.0, 0.0]]], dtype=torch.float16)
    mask, past = torch.ones(1, 1, 3, dtype=torch.bool), Past(torch.zeros(1, 1, dtype=torch.long), None, None)
    for normalizer in (Softmax(0.5), SoftmaxLearnedTemperature(0.5), SoftmaxLearnedTemperature(0.5).half()):
        assert_close(normalizer(scores, mask, past), torch.tensor([[[0.5, 0.5, 0.0]]], dtype=torch.float16))


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_must_be_positive(temperature: float) -> None:
    with pytest.raises(ConfigError, match=rf"must be positive, not {temperature}: set model\.normalizer\.temperature"):
        Softmax(temperature)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_a_learned_temperature_must_start_positive(temperature: float) -> None:
    with pytest.raises(ConfigError, match=rf"starts positive and finite, not at {temperature}: set model\.normalizer"):
        SoftmaxLearnedTemperature(temperature)
