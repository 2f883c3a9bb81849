"""What search asks of a model and what it gives back; nothing here knows of neural networks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor

from attnlab.masking import widened

S = TypeVar("S", bound="SearchState")


@runtime_checkable
class SearchState(Protocol):
    """Everything a model remembers of `batch` sentences with `beam` hypotheses each."""

    def select(self: S, rows: Int[Tensor, " kept"] | None, parents: Int[Tensor, "kept beam"]) -> S:
        """A new state whose sentence i is the old sentence `rows[i]`, and whose hypothesis j of it is the old
        hypothesis `parents[i, j]` of that sentence. `rows=None` keeps every sentence in place. The number of
        hypotheses may grow or shrink: it becomes `parents.shape[1]`.
        """  # noqa: D205
        ...


@dataclass(frozen=True)
class StepOutput(Generic[S]):
    """One step of a model for every hypothesis.

    Attributes:
        log_probs: of the next token, for a few sentences at a time, since those of all would not fit a processor's
            cache. Read once, and the search may overwrite them. Past the vocabulary there may be columns of minus
            infinity.
        weights: attention weights, None without attention.
        state: what the model remembers after it.
    """

    log_probs: Iterable[Float[Tensor, "_ beam vocab"]]
    weights: Float[Tensor, "batch beam source"] | None
    state: S

    def blocks(self) -> Iterator[tuple[slice, Float[Tensor, "some beam vocab"]]]:
        """The log-probabilities, in float32 at least, and which sentences they belong to."""
        first = 0
        for block in self.log_probs:
            yield slice(first, first + len(block)), widened(block)
            first += len(block)


@runtime_checkable
class StepModel(Protocol[S]):
    """A model of the next token given the tokens so far."""

    @property
    def bos(self) -> int:
        """The token every sentence starts with; never part of a hypothesis."""

    @property
    def eos(self) -> int:
        """The token that ends a sentence; its log-probability counts, but it is not part of `Hypothesis.tokens`."""

    @property
    def banned(self) -> tuple[int, ...]:
        """Tokens no hypothesis may hold (padding, the start token)."""

    def step(self, tokens: Int[Tensor, "batch beam"], state: S) -> StepOutput[S]:
        """Reads one token of every hypothesis and predicts the next."""
        ...


@dataclass(frozen=True)
class Hypothesis:
    """One finished answer for one source sentence.

    Attributes:
        tokens: target tokens without BOS and EOS.
        log_prob: sum of the natural-log probabilities of all tokens and of EOS (EOS only if it was reached).
        score: what hypotheses are ranked by: log_prob after penalties; bigger is better.
        weights: attention weights, in float32 at least and in main memory; a row for each of `tokens` and one for EOS
            if it was reached, a column for each real source token; None without attention.
        finished: whether EOS was reached before the length limit.
    """

    tokens: list[int]
    log_prob: float
    score: float
    weights: Float[Tensor, "target source"] | None
    finished: bool


@runtime_checkable
class Search(Protocol):
    """A way of looking for good hypotheses."""

    def __call__(self, model: StepModel[S], state: S, source_lengths: Int[Tensor, " batch"]) -> list[list[Hypothesis]]:
        """For each sentence its hypotheses, best first. `state` holds one hypothesis a sentence."""
        ...
