"""The angle between query and memory, however long they are."""

from math import log
from typing import ClassVar, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.linalg import vector_norm

from attnlab.attention.scoring import ScoringFunction, check_equal_sizes
from attnlab.errors import ConfigError


@final
class Cosine(ScoringFunction):
    """beta q . m / (|q| |m|) with a learned beta > 0, the sharpness: Graves et al. (2014), section 3.3.1.

    There the controller emits beta (their key strength) at every step; here it is one parameter, kept positive as
    exp(log_sharpness). A zero vector has cosine 0 with all others.

    Args:
        query_size: size of a query.
        memory_size: size of a memory state, the same.
        sharpness: beta at the start of training. Cosines differ by 2 at most, so no two weights differ by more than a
            factor of exp(2 beta).

    Raises:
        ShapeError: if the sizes differ.
        ConfigError: if the sharpness is not positive.
    """

    formula: ClassVar[str] = "β qᵀ m / (|q| |m|), β > 0"
    source: ClassVar[str] = "Graves et al. 2014, section 3.3.1"
    cost: ClassVar[str] = "S·h"

    def __init__(self, query_size: int, memory_size: int, sharpness: float) -> None:
        super().__init__()
        check_equal_sizes(query_size, memory_size, score="cosine", instead="scaled_general")
        if not sharpness > 0:
            raise ConfigError(
                f"cosine needs a positive sharpness, not {sharpness}: set model.attention.sharpness, 10 for example."
            )
        self.log_sharpness = nn.Parameter(torch.tensor(log(sharpness)))

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """The sharpness times m / |m|."""
        return self.log_sharpness.exp() * _direction(memory)

    def forward(
        self, query: Float[Tensor, "batch target hidden"], keys: Float[Tensor, "batch source key"]
    ) -> Float[Tensor, "batch target source"]:
        """Scores before the softmax."""
        return _direction(query) @ keys.transpose(1, 2)


def _direction(vectors: Float[Tensor, "*rows size"]) -> Float[Tensor, "*rows size"]:
    """Each x / |x|, and 0 for 0: its gradient is then 1, where a small constant in the fraction makes it huge."""
    lengths: Tensor = vector_norm(vectors, dim=-1, keepdim=True)
    return vectors / lengths.masked_fill(lengths == 0, 1.0)
