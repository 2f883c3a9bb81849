"""What attention knows of the steps before."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Past:
    """What each query knows of the steps before its own; in search a row for each hypothesis.

    Attributes:
        step: number of target tokens before the query's, 0 at the first.
        weights: of the step before, all on the first position before the first (nothing has been read, and reading
            starts there); None where neither score nor normalizer remembers.
        coverage: sum of the weights of all steps before, zeros before the first; None like `weights`.
    """

    step: Int[Tensor, "batch target"]
    weights: Float[Tensor, "batch target source"] | None
    coverage: Float[Tensor, "batch target source"] | None

    def select(self, sentences: Int[Tensor, "kept 1"], parents: Int[Tensor, "kept beam"]) -> "Past":
        """Row i, j becomes the old row `sentences[i, 0]`, `parents[i, j]`."""
        return Past(
            self.step[sentences, parents],
            None if self.weights is None else self.weights[sentences, parents],
            None if self.coverage is None else self.coverage[sentences, parents],
        )

    def ahead(self, num_steps: int) -> "Past":
        """One row for each of the next `num_steps` steps of a known target, for attention that remembers nothing."""
        return Past(self.step + torch.arange(num_steps, device=self.step.device), None, None)

    def last(self) -> "Past":
        """The last row alone."""
        return Past(self.step[:, -1:], self.weights, self.coverage)

    def after(self, weights: Float[Tensor, "batch target source"]) -> "Past":
        """What is known once these weights are."""
        if self.coverage is None:
            return Past(self.step + 1, None, None)
        return Past(self.step + 1, weights, self.coverage + weights)
