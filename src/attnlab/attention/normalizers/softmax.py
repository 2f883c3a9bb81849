"""The usual normalizer."""

from typing import final

from jaxtyping import Bool, Float
from torch import Tensor

from attnlab.attention.normalizers.normalizer import Normalizer
from attnlab.attention.past import Past
from attnlab.errors import ConfigError
from attnlab.masking import masked_softmax, widened


@final
class Softmax(Normalizer):
    """exp(e_s / T) / sum of exp(e_j / T); a temperature T above 1 flattens the weights, one below sharpens them.

    Raises:
        ConfigError: if the temperature is not positive.
    """

    def __init__(self, temperature: float) -> None:
        super().__init__()
        if not temperature > 0:
            raise ConfigError(
                f"A softmax divides scores by its temperature, which must be positive, not {temperature}: "
                "set model.normalizer.temperature, 1 for the plain softmax."
            )
        self.temperature = temperature

    def forward(
        self, scores: Float[Tensor, "*shape"], mask: Bool[Tensor, "*#shape"], past: Past
    ) -> Float[Tensor, "*shape"]:
        """Weights over the last axis."""
        if self.temperature == 1:
            return masked_softmax(scores, mask)
        return masked_softmax(widened(scores) / self.temperature, mask).to(scores.dtype)  # float16 ends at 65504
