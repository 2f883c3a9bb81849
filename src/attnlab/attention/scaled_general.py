"""A bilinear form of query and memory with a learned factor for its size."""

from typing import ClassVar, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

from attnlab.attention.scoring import ProductScore


@final
class ScaledGeneral(ProductScore):
    """g q^T W m, g learned and 1 at first: the scaled Luong attention of tensorflow/nmt (`scaled_luong`).

    The same maps as `General`; one number now sharpens or flattens all weights, instead of every entry of W.
    g is applied to the keys, once per source.
    """

    formula: ClassVar[str] = "g qᵀ W m"
    source: ClassVar[str] = "tensorflow/nmt, scaled_luong"
    cost: ClassVar[str] = "S·h"

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        self.memory_projection = nn.Linear(memory_size, query_size, bias=False)
        self.factor = nn.Parameter(torch.ones(()))

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """W m times g."""
        return linear(memory, self.factor * self.memory_projection.weight)
