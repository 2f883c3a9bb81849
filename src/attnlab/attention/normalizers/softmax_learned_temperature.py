"""A softmax that learns how sharp it is."""

from math import inf, log
from typing import final

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from attnlab.attention.normalizers.normalizer import Normalizer
from attnlab.attention.past import Past
from attnlab.errors import ConfigError
from attnlab.masking import masked_softmax, widened


@final
class SoftmaxLearnedTemperature(Normalizer):
    """exp(e_s / T) / sum of exp(e_j / T), with log T a parameter, so that T stays positive.

    Args:
        temperature: where training starts.

    Raises:
        ConfigError: if the temperature is not positive and finite.
    """

    def __init__(self, temperature: float) -> None:
        super().__init__()
        if not 0 < temperature < inf:
            raise ConfigError(
                f"A softmax divides scores by its temperature, which starts positive and finite, not at {temperature}: "
                "set model.normalizer.temperature, 1 for the plain softmax."
            )
        self.log_temperature = nn.Parameter(torch.tensor(log(temperature)))

    def forward(
        self, scores: Float[Tensor, "*shape"], mask: Bool[Tensor, "*#shape"], past: Past
    ) -> Float[Tensor, "*shape"]:
        """Weights over the last axis."""
        sharpness = (-widened(self.log_temperature)).exp()
        return masked_softmax(widened(scores) * sharpness, mask).to(scores.dtype)  # float16 ends at 65504
