"""The gradient of a matrix that many steps share, computed by one product after the last step.

Autograd adds one outer product to the weight's gradient at every step of a loop: as much work as the rest of the
backward pass, in badly shaped pieces. Here each step leaves its operands on a tape, and the node that opened the tape,
which autograd reaches only after all its steps, multiplies them once. `torch.nn.functional.linear` is the reference.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable


@dataclass
class _Tape:
    """Operands of the steps that one backward pass has visited."""

    backward_pass: int = -1
    steps: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    def add(self, inputs: Tensor, gradient: Tensor) -> None:
        """Keeps one step; what is left of another pass, which asked for no gradient of the weight, goes first."""
        running = torch._C._current_graph_task_id()
        if running != self.backward_pass:
            self.backward_pass = running
            self.steps.clear()
        self.steps.append((inputs, gradient))


class _Open(Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor, tape: _Tape) -> Tensor:
        ctx.tape = tape
        return weight.view_as(weight)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, _: Tensor) -> tuple[Tensor, None]:
        inputs, gradients = zip(*ctx.tape.steps, strict=True)
        ctx.tape.steps.clear()
        return torch.cat(gradients).T @ torch.cat(inputs), None


class _Multiply(Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, tape: _Tape) -> Tensor:
        ctx.save_for_backward(inputs, weight)
        ctx.tape = tape
        return inputs @ weight.T

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        inputs, weight = ctx.saved_tensors
        ctx.tape.add(inputs, gradient)
        return gradient @ weight, None, None


class CollectedLinear:
    """x W^T for one W and many x, all of them inside one forward pass."""

    def __init__(self, weight: Float[Tensor, "out in"]) -> None:
        kind = weight.device.type
        self._dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype
        self._tape = _Tape()
        self._weight: Tensor = _Open.apply(weight.to(self._dtype), self._tape)  # type: ignore[no-untyped-call]

    def __call__(self, inputs: Float[Tensor, "rows in"]) -> Float[Tensor, "rows out"]:
        """The product with one step's inputs."""
        product: Tensor = _Multiply.apply(inputs.to(self._dtype), self._weight, self._tape)  # type: ignore[no-untyped-call]
        return product
