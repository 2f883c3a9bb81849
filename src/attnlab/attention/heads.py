"""What scoring functions with several heads share: how vectors are split and how the heads' contexts become one."""

from functools import partial
from math import sqrt

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

from attnlab.attention.scoring import Looped, ScoringFunction
from attnlab.errors import ConfigError


class MultiHead(ScoringFunction):
    """Heads that each compare a piece of the query with a piece of the keys, and read a piece of the memory.

    Vaswani et al. (2017), section 3.2.2, with the memory itself in the place of projected values: head i scores with
    slice i of query and keys, its weights sum up slice i of the states, and the slices side by side, projected if so
    wished, are the context. Every head has weights of its own; what is reported of them is their mean.

    With an output projection the context is no longer the weighted sum of the states.

    Args:
        query_size: size of a query, and of a key.
        memory_size: size of a memory state.
        num_heads: how many pieces.
        scaled: divide scores by sqrt(query_size / num_heads), as Vaswani et al. do.
        output_projection: mix the heads' contexts by a learned matrix without bias.

    Raises:
        ConfigError: if the heads cannot share the vectors evenly.
    """

    def __init__(
        self, query_size: int, memory_size: int, num_heads: int, *, scaled: bool, output_projection: bool
    ) -> None:
        super().__init__()
        if num_heads < 1 or query_size % num_heads or memory_size % num_heads:
            raise ConfigError(
                f"num_heads must divide query_size {query_size} and memory_size {memory_size}, but it is {num_heads}: "
                "set model.attention.num_heads to a divisor of model.hidden_size."
            )
        self.num_heads = num_heads
        self.divisor = sqrt(query_size // num_heads) if scaled else 1.0
        self.output_projection = nn.Linear(memory_size, memory_size, bias=False) if output_projection else None

    def forward(
        self, query: Float[Tensor, "batch target hidden"], keys: Float[Tensor, "batch source key"]
    ) -> Float[Tensor, "batch heads target source"]:
        """Scores before the softmax."""
        scores = self._split(query) @ self._split(keys).transpose(2, 3)
        return scores if self.divisor == 1 else scores / self.divisor

    def read(
        self, weights: Float[Tensor, "batch heads target source"], states: Float[Tensor, "batch source memory"]
    ) -> Float[Tensor, "batch target memory"]:
        """The heads' contexts side by side, projected if there is a projection."""
        context = (weights @ self._split(states)).transpose(1, 2).flatten(2)
        return context if self.output_projection is None else linear(context, self.output_projection.weight)

    def looped(self, keys: Float[Tensor, "batch source key"], states: Float[Tensor, "batch source memory"]) -> Looped:
        """`forward` and `read` as they are."""
        return Looped(partial(self, keys=keys), partial(self.read, states=states))

    def _split(self, vectors: Float[Tensor, "batch rows size"]) -> Float[Tensor, "batch heads rows piece"]:
        split: Tensor = vectors.unflatten(2, (self.num_heads, -1))
        return split.transpose(1, 2)
