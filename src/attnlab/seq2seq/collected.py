"""The gradient of a matrix that many steps share, computed by one product after the last step.

Autograd adds one outer product to the weight's gradient at every step of a loop: as much work as the rest of the
backward pass, in badly shaped pieces. Here each step leaves its operands on a tape, and the node that opened the tape,
which autograd reaches only after all its steps, multiplies them once. `torch.nn.functional.linear` is the reference.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from attnlab.masking import product_type
from attnlab.tape import Tape


class _Multiply(Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, added: Tensor | None, tape: Tape) -> Tensor:
        ctx.save_for_backward(inputs, weight)
        ctx.tape = tape
        ctx.added = None if added is None else added.shape
        return inputs @ weight.T if added is None else torch.addmm(added, inputs, weight.T)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, Tensor | None, None]:
        inputs, weight = ctx.saved_tensors
        ctx.tape.add(gradient, inputs)
        added = None if ctx.added is None else gradient.sum_to_size(ctx.added)
        return gradient @ weight, None, added, None


class CollectedLinear:
    """x W^T + b for one W and many x and b, all of them inside one forward pass."""

    def __init__(self, weight: Float[Tensor, "out in"]) -> None:
        self._dtype = product_type(weight)
        self._tape = Tape()
        self._weight = self._tape.open(weight.to(self._dtype))

    def __call__(
        self, inputs: Float[Tensor, "rows in"], added: Float[Tensor, "*rows out"] | None = None
    ) -> Float[Tensor, "rows out"]:
        """The product with one step's inputs, plus one step's other summand."""
        inputs, added = inputs.to(self._dtype), None if added is None else added.to(self._dtype)
        product: Tensor = _Multiply.apply(inputs, self._weight, added, self._tape)  # type: ignore[no-untyped-call]
        return product
