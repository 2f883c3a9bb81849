"""What the steps of a loop leave for a gradient that is computed once, after the last of them."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable


@dataclass
class Tape:
    """Pairs of tensors from the steps that one backward pass has visited.

    The node of the graph that opened the tape, which autograd reaches only after all its steps, takes them: the
    gradient of what the steps share is A^T B, rows of A and B being those of all first and of all second tensors.
    """

    backward_pass: int = -1
    steps: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    def add(self, one: Tensor, other: Tensor) -> None:
        """Keeps one step; what is left of another pass, which asked for no gradient of what is shared, goes first."""
        running = torch._C._current_graph_task_id()
        if running != self.backward_pass:
            self.backward_pass = running
            self.steps.clear()
        self.steps.append((one, other))

    def open(self, shared: Tensor) -> Tensor:
        """What the steps share, for steps that give it no gradient but leave their operands here."""
        opened: Tensor = _Open.apply(shared, self)  # type: ignore[no-untyped-call]
        return opened


class _Open(Function):
    @staticmethod
    def forward(ctx: Any, shared: Tensor, tape: Tape) -> Tensor:
        ctx.tape = tape
        return shared.view_as(shared)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, _: Tensor) -> tuple[Tensor, None]:
        ones, others = zip(*ctx.tape.steps, strict=True)
        ctx.tape.steps.clear()
        return torch.cat(ones, dim=-2).mT @ torch.cat(others, dim=-2), None
