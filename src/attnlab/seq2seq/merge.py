"""How the context joins the decoder's own state."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.masking import widened
from attnlab.seq2seq.collected import CollectedLinear

Project = Callable[[Tensor], Tensor]


class Merge(nn.Module, ABC):
    """Makes one vector of context and hidden state: what the output layer reads and what input feeding feeds.

    Attributes:
        output_size: size of that vector.
    """

    output_size: int

    @abstractmethod
    def forward(
        self, context: Float[Tensor, "*rows memory"], hidden: Float[Tensor, "*rows hidden"]
    ) -> Float[Tensor, "*rows output"]:
        """The merged vector."""

    @abstractmethod
    def looped(self) -> Callable[[Tensor, Tensor], Tensor]:
        """`forward` for one step after the other, its weights' gradients collected and multiplied once."""


@final
class Attentional(Merge):
    """tanh(W_c [c; h]), Luong's attentional hidden state (Luong et al. 2015, equation 5)."""

    def __init__(self, memory_size: int, hidden_size: int) -> None:
        super().__init__()
        self.output_size = hidden_size
        self.projection = nn.Linear(memory_size + hidden_size, hidden_size, bias=False)

    def forward(
        self, context: Float[Tensor, "*rows memory"], hidden: Float[Tensor, "*rows hidden"]
    ) -> Float[Tensor, "*rows output"]:
        """The attentional state."""
        return self._merge(context, hidden, self.projection)

    def looped(self) -> Callable[[Tensor, Tensor], Tensor]:
        """The same with a collected gradient."""
        projection = CollectedLinear(self.projection.weight)
        return lambda context, hidden: self._merge(context, hidden, projection)

    def _merge(self, context: Tensor, hidden: Tensor, project: Project) -> Tensor:
        return _exactly(torch.tanh, project(torch.cat([context, hidden], dim=-1)))


@final
class Concatenation(Merge):
    """[c; h] as it is: the output layer reads both, and nothing squeezes them before."""

    def __init__(self, memory_size: int, hidden_size: int) -> None:
        super().__init__()
        self.output_size = memory_size + hidden_size

    def forward(
        self, context: Float[Tensor, "*rows memory"], hidden: Float[Tensor, "*rows hidden"]
    ) -> Float[Tensor, "*rows output"]:
        """Both, side by side."""
        return torch.cat([context, hidden], dim=-1)

    def looped(self) -> Callable[[Tensor, Tensor], Tensor]:
        """The same: there is nothing to collect."""
        return self.forward


@final
class Gated(Merge):
    """tanh(W_c [g * c; h]) with g = sigmoid(W_g [c; h]): the state decides how much of each context entry it lets in.

    The context gate of Tu et al. (2017), "Context gates for neural machine translation", at the place where Luong's
    decoder merges.
    """

    def __init__(self, memory_size: int, hidden_size: int) -> None:
        super().__init__()
        self.output_size = hidden_size
        self.gate = nn.Linear(memory_size + hidden_size, memory_size, bias=False)
        self.projection = nn.Linear(memory_size + hidden_size, hidden_size, bias=False)

    def forward(
        self, context: Float[Tensor, "*rows memory"], hidden: Float[Tensor, "*rows hidden"]
    ) -> Float[Tensor, "*rows output"]:
        """The attentional state of a gated context."""
        return self._merge(context, hidden, self.gate, self.projection)

    def looped(self) -> Callable[[Tensor, Tensor], Tensor]:
        """The same with collected gradients."""
        gate, projection = CollectedLinear(self.gate.weight), CollectedLinear(self.projection.weight)
        return lambda context, hidden: self._merge(context, hidden, gate, projection)

    def _merge(self, context: Tensor, hidden: Tensor, gate: Project, project: Project) -> Tensor:
        gated = _exactly(torch.sigmoid, gate(torch.cat([context, hidden], dim=-1))) * context
        return _exactly(torch.tanh, project(torch.cat([gated, hidden], dim=-1)))


def _exactly(function: Callable[[Tensor], Tensor], values: Tensor) -> Tensor:
    """In float32 at least, which in bfloat16 takes a CPU twice the time."""
    return function(widened(values)).to(values.dtype)
