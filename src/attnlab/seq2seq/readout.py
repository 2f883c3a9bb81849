"""Bahdanau's output layer: a maxout unit over state, context and previous word."""

from jaxtyping import Float
from torch import Tensor, cat, nn

from attnlab.seq2seq.dropout import Dropout


class Maxout(nn.Module):
    """t = U s + V y + C c of twice the output size, then the larger of each pair (Goodfellow et al. 2013).

    Bahdanau et al. (2015), appendix A.2.2, where s is the state *before* the step; we use the state after it, as their
    equation 4, g(y_{i-1}, s_i, c_i), says and as every later implementation does. Cho et al. (2014) use the same unit.
    """

    def __init__(self, input_size: int, output_size: int, *, dropout: float) -> None:
        super().__init__()
        self.projection = nn.Linear(input_size, 2 * output_size)
        self.dropout = Dropout(dropout)

    def forward(self, *parts: Float[Tensor, "batch target _"]) -> Float[Tensor, "batch target output"]:
        """The unit over the concatenated parts, given in one order at all times; dropout comes after it."""
        pairs: Tensor = self.projection(cat(parts, dim=-1)).unflatten(-1, (-1, 2))
        dropped: Tensor = self.dropout(pairs.amax(dim=-1))
        return dropped
