"""The interface of every scoring function."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import ClassVar, NamedTuple

from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from attnlab.attention.collected import CollectedVectors
from attnlab.attention.past import Past
from attnlab.attention.perceptron import pairs_fit
from attnlab.errors import ShapeError

Scores = Callable[[Tensor], Tensor]
"""Queries -> their scores before the softmax."""
Contexts = Callable[[Tensor], Tensor]
"""Weights -> contexts."""


class Looped(NamedTuple):
    """How each step of one loop reads one memory."""

    score: Scores
    read: Contexts


class ScoringFunction(nn.Module, ABC):
    """Scores every memory state against every query.

    `keys` holds whatever depends on the memory alone, so that a decoder computes it once per source and not at every
    step. Padding is not this class's concern: the normalizer removes it, whatever score it got.

    Attributes:
        formula: the score of query q and memory state m, at source position s where that matters.
        source: where the formula comes from.
        cost: multiplications for one query over all S source positions, given keys, in terms of S, the query size h,
            the memory size m, the key size k, the rank r and f filters of width w. Terms of a single size are left out.
        content_based: whether a position's score depends on the query and its own key alone; then a few positions can
            be scored without the others.
        pairwise: whether each pair of query and key is computed apart, as a perceptron does; otherwise one matrix
            product serves all queries of a sentence.
    """

    formula: ClassVar[str]
    source: ClassVar[str]
    cost: ClassVar[str]
    content_based: ClassVar[bool] = True
    pairwise: ClassVar[bool] = False

    @abstractmethod
    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """Projects the memory into the space in which queries are compared with it."""

    @abstractmethod
    def forward(
        self, query: Float[Tensor, "batch target hidden"], keys: Float[Tensor, "batch source key"]
    ) -> Float[Tensor, "batch *heads target source"]:
        """Scores before the softmax; only a function with several heads has a heads axis."""

    def read(
        self, weights: Float[Tensor, "batch *heads target source"], states: Float[Tensor, "batch source memory"]
    ) -> Float[Tensor, "batch target memory"]:
        """The context: the weighted sum of the states."""
        return weights @ states

    def looped(self, keys: Float[Tensor, "batch source key"], states: Float[Tensor, "batch source memory"]) -> Looped:
        """`forward` of these keys and `read` of these states, for the steps of one loop, which may share work."""
        return Looped(partial(self, keys=keys), CollectedVectors(states).weigh)


class ProductScore(ScoringFunction):
    """The dot product of each query, as it is, with each key."""

    def forward(
        self, query: Float[Tensor, "batch target key"], keys: Float[Tensor, "batch source key"]
    ) -> Float[Tensor, "batch target source"]:
        """Scores before the softmax."""
        return query @ keys.transpose(1, 2)

    def looped(self, keys: Float[Tensor, "batch source key"], states: Float[Tensor, "batch source memory"]) -> Looped:
        """The same with collected gradients."""
        return Looped(CollectedVectors(keys).compare, CollectedVectors(states).weigh)


class RememberingScore(ScoringFunction):
    """A score that also depends on where earlier steps looked; it enters through the keys, for each query its own."""

    @abstractmethod
    def recall(self, keys: Float[Tensor, "batch source key"], past: Past) -> Float[Tensor, "batch target source key"]:
        """The keys as each query's past colours them; `forward` scores one query against them."""

    def remembering(
        self, query: Float[Tensor, "batch target hidden"], keys: Float[Tensor, "batch source key"], past: Past
    ) -> Float[Tensor, "batch target source"]:
        """Scores before the softmax, each query's against the keys that its past coloured.

        Those keys are larger than all else, and each step has its own: where the graph cannot keep them for a whole
        target, it keeps the past and computes them again for the gradient.
        """
        if pairs_fit(query, keys):
            return self._remembering(query, keys, past)
        scores: Tensor = checkpoint(self._remembering, query, keys, past, use_reentrant=False, preserve_rng_state=False)
        return scores

    def _remembering(self, query: Tensor, keys: Tensor, past: Past) -> Tensor:
        single: Tensor = self(query.flatten(0, 1).unsqueeze(1), self.recall(keys, past).flatten(0, 1))
        return single.view(*query.shape[:2], -1)


def check_equal_sizes(query_size: int, memory_size: int, *, score: str, instead: str) -> None:
    """For scores that compare query and memory as they are.

    Args:
        query_size: size of a query.
        memory_size: size of a memory state.
        score: the name of the scoring function.
        instead: of one that takes any sizes.

    Raises:
        ShapeError: if the sizes differ.
    """
    if query_size != memory_size:
        raise ShapeError(
            f"{score} needs memory_size == query_size, but they are {memory_size} and {query_size}: make the encoder "
            f"as wide as the decoder, or use {instead}."
        )
