"""Bahdanau's alignment model with the length of its vector learned apart."""

from typing import ClassVar, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear, normalize

from attnlab.attention.perceptron import perceptron_scores
from attnlab.attention.scoring import ScoringFunction


@final
class NormalizedAdditive(ScoringFunction):
    """g (v / |v|)^T tanh(W_a q + U_a m + b): the normalised Bahdanau attention of tensorflow/nmt (`normed_bahdanau`).

    `Additive` with the weight normalisation of Salimans & Kingma (2016) on v, and a bias inside the tanh. As in that
    code, g is sqrt(1 / key_size) and b is 0 at first: scores start small, and only g can make them large.
    """

    formula: ClassVar[str] = "g vᵀ tanh(W q + U m + b) / |v|"
    source: ClassVar[str] = "tensorflow/nmt, normed_bahdanau; Salimans & Kingma 2016"
    cost: ClassVar[str] = "h·k + S·k"
    pairwise: ClassVar[bool] = True

    def __init__(self, query_size: int, memory_size: int, key_size: int) -> None:
        super().__init__()
        self.query_projection = nn.Linear(query_size, key_size, bias=False)
        self.memory_projection = nn.Linear(memory_size, key_size, bias=False)
        self.bias = nn.Parameter(torch.zeros(key_size))
        self.vector = nn.Linear(key_size, 1, bias=False)
        self.gain = nn.Parameter(torch.tensor(key_size**-0.5))

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """U_a m + b."""
        return linear(memory, self.memory_projection.weight, self.bias)

    def forward(
        self, query: Float[Tensor, "batch target hidden"], keys: Float[Tensor, "batch source key"]
    ) -> Float[Tensor, "batch target source"]:
        """Scores before the softmax."""
        vector = self.gain * normalize(self.vector.weight.squeeze(0), dim=0)
        return perceptron_scores(linear(query, self.query_projection.weight), keys, vector)
