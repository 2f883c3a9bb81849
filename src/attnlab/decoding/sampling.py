"""Search that draws every token at random from the model's distribution."""

from dataclasses import dataclass, field
from typing import TypeVar, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attnlab.decoding.candidates import stable_topk
from attnlab.decoding.limits import LengthLimit
from attnlab.decoding.paths import follow
from attnlab.decoding.protocol import Hypothesis, SearchState, StepModel
from attnlab.errors import ConfigError

S = TypeVar("S", bound=SearchState)


@final
@dataclass(kw_only=True)
class Sampling:
    """Independent samples of each sentence.

    The draws come from a generator of this object alone. It runs on from call to call, so that two batches do not share
    their draws: a new object with the same seed, given the same batches on the same device, repeats every sample.

    Attributes:
        length_limit: how long a hypothesis may be; at the limit it is returned unfinished.
        seed: where the generator starts.
        num_samples: hypotheses for each sentence; equal ones may occur.
        temperature: log-probabilities are divided by it: below 1 sharper, above 1 flatter.
        top_k: only the k most probable tokens are drawn from; None for all.
        top_p: only the smallest set of most probable tokens is drawn from that holds at least this probability (the
            nucleus of Holtzman et al. 2020), measured after temperature and top_k; 1 for all.
        no_repeat_ngram_size: no hypothesis holds the same n tokens in a row twice; 0 allows every repetition.
    """

    length_limit: LengthLimit
    seed: int
    num_samples: int = 1
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0
    no_repeat_ngram_size: int = 0
    _generator: torch.Generator | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.num_samples < 1:
            raise ConfigError(
                f"sampling needs one sample or more, but num_samples is {self.num_samples}: raise it to 1."
            )
        if self.temperature <= 0:
            raise ConfigError(
                f"temperature must be above 0, but is {self.temperature}: use search=greedy for the best token."
            )
        if self.top_k is not None and self.top_k < 1:
            raise ConfigError(f"top_k must be 1 or more, but is {self.top_k}: set it to null to draw from all tokens.")
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"top_p must be above 0 and at most 1, but is {self.top_p}: 1.0 draws from all tokens.")

    def __call__(self, model: StepModel[S], state: S, source_lengths: Int[Tensor, " batch"]) -> list[list[Hypothesis]]:
        """`num_samples` hypotheses for each sentence, by log-probability: of several, the first is no fair draw.

        Log-probabilities are the model's own, before temperature, top_k and top_p.
        """
        return follow(
            model,
            state,
            source_lengths,
            choose=self._draw,
            num_paths=self.num_samples,
            length_limit=self.length_limit,
            no_repeat_ngram_size=self.no_repeat_ngram_size,
        )

    def _draw(self, log_probs: Float[Tensor, "live beam vocab"]) -> Int[Tensor, "live beam"]:
        rows = self.narrow(log_probs.flatten(0, 1)).softmax(dim=-1)
        if self._generator is None or self._generator.device != rows.device:
            self._generator = torch.Generator(rows.device).manual_seed(self.seed)
        return torch.multinomial(rows, 1, generator=self._generator).view(log_probs.shape[:2])

    def narrow(self, log_probs: Float[Tensor, "rows vocab"]) -> Float[Tensor, "rows vocab"]:
        """Temperature, then top_k, then top_p: what is left out gets minus infinity, the rest is not normalised."""
        narrowed = log_probs / self.temperature
        if self.top_k is not None:
            narrowed = keep_top_k(narrowed, self.top_k)
        if self.top_p < 1:
            narrowed = keep_top_p(narrowed, self.top_p)
        return narrowed


def keep_top_k(log_probs: Float[Tensor, "rows vocab"], k: int) -> Float[Tensor, "rows vocab"]:
    """The k most probable tokens of each row, lower tokens first among equals; minus infinity elsewhere."""
    values, tokens = stable_topk(log_probs, k)
    return torch.full_like(log_probs, float("-inf")).scatter(1, tokens, values)


def keep_top_p(log_probs: Float[Tensor, "rows vocab"], p: float) -> Float[Tensor, "rows vocab"]:
    """The shortest run of most probable tokens whose probability reaches p; minus infinity elsewhere."""
    values, tokens = log_probs.sort(dim=1, descending=True, stable=True)
    probabilities = values.softmax(dim=1)
    before = probabilities.cumsum(dim=1) - probabilities
    return torch.full_like(log_probs, float("-inf")).scatter(1, tokens, values.masked_fill(before >= p, float("-inf")))
