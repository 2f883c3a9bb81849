"""Search that takes the most probable token at every step."""

from dataclasses import dataclass
from typing import TypeVar, final

from jaxtyping import Int
from torch import Tensor

from attnlab.decoding.candidates import stable_topk
from attnlab.decoding.limits import LengthLimit
from attnlab.decoding.paths import follow
from attnlab.decoding.protocol import Hypothesis, SearchState, StepModel

S = TypeVar("S", bound=SearchState)


@final
@dataclass(frozen=True, kw_only=True)
class Greedy:
    """One hypothesis for each sentence; of equally probable tokens the lowest is taken.

    Attributes:
        length_limit: how long a hypothesis may be; at the limit it is returned unfinished.
        no_repeat_ngram_size: no hypothesis holds the same n tokens in a row twice; 0 allows every repetition.
    """

    length_limit: LengthLimit
    no_repeat_ngram_size: int = 0

    def __call__(self, model: StepModel[S], state: S, source_lengths: Int[Tensor, " batch"]) -> list[list[Hypothesis]]:
        """A list of one hypothesis for each sentence."""
        return follow(
            model,
            state,
            source_lengths,
            choose=lambda log_probs: stable_topk(log_probs.flatten(0, 1), 1)[1],
            num_paths=1,
            length_limit=self.length_limit,
            no_repeat_ngram_size=self.no_repeat_ngram_size,
        )
