"""What the steps of a loop leave for a gradient that is computed once, after the last of them."""

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass
class Tape:
    """Pairs of tensors from the steps that one backward pass has visited.

    The node of the graph that opened the tape, which autograd reaches only after all its steps, takes them.
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

    def take(self) -> tuple[list[Tensor], list[Tensor]]:
        """All first and all second tensors, in the order of the steps' visits."""
        ones, others = zip(*self.steps, strict=True)
        self.steps.clear()
        return list(ones), list(others)
