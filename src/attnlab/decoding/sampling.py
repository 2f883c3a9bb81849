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
    their draws; a new object with the same seed, given the same batches, repeats every sample.

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
    _generator: torch.Generator = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._generator = torch.Generator().manual_seed(self.seed)
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
        values, tokens = self.narrow(log_probs.flatten(0, 1))
        return tokens.gather(1, draw(values, self._generator).unsqueeze(1)).view(log_probs.shape[:2])

    def narrow(
        self, log_probs: Float[Tensor, "rows vocab"]
    ) -> tuple[Float[Tensor, "rows kept"], Int[Tensor, "rows kept"]]:
        """What may be drawn after temperature, top_k and top_p in this order, and which tokens these are.

        Minus infinity marks places that may not be drawn; the rest is not normalised.
        """
        values = (log_probs - log_probs.amax(dim=1, keepdim=True)) / self.temperature
        tokens = torch.arange(values.shape[1], device=values.device).expand_as(values)
        if self.top_k is not None:
            values, tokens = stable_topk(values, self.top_k)
        if self.top_p < 1:
            values, places = nucleus(values, self.top_p)
            tokens = tokens.gather(1, places)
        return values, tokens


def nucleus(
    log_probs: Float[Tensor, "rows vocab"], p: float
) -> tuple[Float[Tensor, "rows kept"], Int[Tensor, "rows kept"]]:
    """The shortest run of most probable tokens whose probability reaches p, and their places; then minus infinity.

    The nucleus is mostly small, so ever more tokens are ranked until it is found: to sort all of them costs far more.
    """
    total = log_probs.logsumexp(dim=1, keepdim=True)
    for count in (64, 512, log_probs.shape[1]):
        values, places = stable_topk(log_probs, count)
        held = (values - total).exp().cumsum(dim=1)
        if (held[:, -1] >= p).all():
            break
    reached = torch.zeros_like(held, dtype=torch.bool)
    reached[:, 1:] = held[:, :-1] >= p
    return values.masked_fill(reached, float("-inf")), places


def draw(log_probs: Float[Tensor, "rows places"], generator: torch.Generator) -> Int[Tensor, " rows"]:
    """One place of each row, with probability proportional to the exponential of its value.

    Inverts the cumulative distribution at one random number a row, drawn in main memory: the same numbers on every
    device, and far fewer than `torch.multinomial` draws. A place of probability 0 is never returned.
    """
    probabilities = log_probs.softmax(dim=1)
    cumulative = probabilities.cumsum(dim=1)
    level = torch.rand(len(log_probs), 1, generator=generator, device=generator.device).to(cumulative)
    level = level * cumulative[:, -1:] * (1 - 1e-6)  # rounding must not lift the level to the total
    possible = probabilities > 0  # parallel sums may rise a little where nothing is added
    return ((cumulative > level) & possible).byte().argmax(dim=1)
