"""How well a model predicts the reference token by token: perplexity and accuracy under teacher forcing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int64
from torch import Tensor


@dataclass(frozen=True)
class TokenTotals:
    """Sums over the target tokens of each sentence; ratios are only taken of whole corpora (sum / sum).

    Attributes:
        negative_log_likelihood: of the reference, in nats, without label smoothing.
        tokens: target tokens, EOS counted and BOS not.
        correct: tokens that were the most probable one, given the reference before them.
    """

    negative_log_likelihood: Float64[Tensor, " sentences"]
    tokens: Int64[Tensor, " sentences"]
    correct: Int64[Tensor, " sentences"]

    def select(self, rows: Sequence[int]) -> "TokenTotals":
        """The sentences in `rows`, in that order."""
        index = torch.as_tensor(rows, dtype=torch.long)
        return TokenTotals(self.negative_log_likelihood[index], self.tokens[index], self.correct[index])

    @property
    def loss(self) -> float:
        """Nats per token."""
        return float(self.negative_log_likelihood.sum() / self.tokens.sum())

    @property
    def perplexity(self) -> float:
        """exp(nats per token); infinite where a float cannot hold it."""
        try:
            return math.exp(self.loss)
        except OverflowError:
            return math.inf

    @property
    def accuracy(self) -> float:
        """Share of correct tokens, 0 to 1."""
        return float(self.correct.sum().double() / self.tokens.sum())
