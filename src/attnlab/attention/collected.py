"""Products of many steps with the same vectors of a source, whose gradient is computed by one product after the last.

Autograd would make a gradient as large as the source at every step and add it to the others.
`query @ vectors.transpose(1, 2)` and `weights @ vectors` are the references.
"""

from typing import Any

from jaxtyping import Float
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from attnlab.masking import product_type
from attnlab.tape import Tape


class _Compare(Function):
    @staticmethod
    def forward(ctx: Any, query: Tensor, vectors: Tensor, tape: Tape) -> Tensor:
        ctx.save_for_backward(query, vectors)
        ctx.tape = tape
        return query @ vectors.transpose(1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, scores: Tensor) -> tuple[Tensor, None, None]:
        query, vectors = ctx.saved_tensors
        ctx.tape.add(scores, query)
        return scores @ vectors, None, None


class _Weigh(Function):
    @staticmethod
    def forward(ctx: Any, weights: Tensor, vectors: Tensor, tape: Tape) -> Tensor:
        ctx.save_for_backward(weights, vectors)
        ctx.tape = tape
        return weights @ vectors

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, sums: Tensor) -> tuple[Tensor, None, None]:
        weights, vectors = ctx.saved_tensors
        ctx.tape.add(weights, sums)
        return sums @ vectors.transpose(1, 2), None, None


class CollectedVectors:
    """The vectors of a source batch for the steps of one forward pass."""

    def __init__(self, vectors: Float[Tensor, "batch source size"]) -> None:
        self._dtype = product_type(vectors)
        self._tape = Tape()
        self._vectors = self._tape.open(vectors.to(self._dtype))

    def compare(self, query: Float[Tensor, "batch target size"]) -> Float[Tensor, "batch target source"]:
        """The dot product of each query with each vector."""
        scores: Tensor = _Compare.apply(query.to(self._dtype), self._vectors, self._tape)  # type: ignore[no-untyped-call]
        return scores

    def weigh(self, weights: Float[Tensor, "batch target source"]) -> Float[Tensor, "batch target size"]:
        """The weighted sum of the vectors."""
        sums: Tensor = _Weigh.apply(weights.to(self._dtype), self._vectors, self._tape)  # type: ignore[no-untyped-call]
        return sums
