"""What is added to a log-probability before hypotheses are ranked (Wu et al. 2016, equation 14)."""

from jaxtyping import Bool, Float
from torch import Tensor

COVERAGE_FLOOR = 1e-6
"""Attention that an unseen position counts as having: windows and sparse normalisers give exact zeros, whose logarithm
would make every hypothesis equally bad."""


def length_penalty(length: int, alpha: float) -> float:
    """((5 + length) / 6)^alpha, by which a log-probability is divided.

    `length` counts tokens and EOS, that is the terms of the log-probability. With alpha 0 it is 1: no penalty.
    """
    return float(((5 + length) / 6) ** alpha)


def coverage_penalty(
    coverage: Float[Tensor, "batch beam source"], source_mask: Bool[Tensor, "batch source"], beta: float
) -> Float[Tensor, "batch beam"]:
    """Beta times the sum over real source positions of log(min(coverage, 1)): never positive.

    `coverage` is the attention each position has received over all steps. Padding does not count, whatever it holds.
    """
    clamped = coverage.clamp(COVERAGE_FLOOR, 1.0).log()
    return beta * clamped.masked_fill(~source_mask.unsqueeze(1), 0.0).sum(dim=-1)
