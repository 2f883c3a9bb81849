"""Which tokens a hypothesis may not hold next."""

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from attnlab.errors import ConfigError

FORBIDDEN = float("-inf")


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """Rules on tokens alone, the same in every search.

    Attributes:
        banned: tokens no hypothesis may hold.
        eos: the token that ends a sentence; it never belongs to a repeated n-gram, because nothing follows it.
        minimum_length: tokens that come before EOS is allowed.
        no_repeat_ngram_size: no hypothesis holds the same n tokens in a row twice; 0 allows every repetition.
    """

    banned: tuple[int, ...]
    eos: int
    minimum_length: int
    no_repeat_ngram_size: int

    def __post_init__(self) -> None:
        if self.no_repeat_ngram_size < 0:
            raise ConfigError(
                f"the size of an n-gram cannot be negative, but is {self.no_repeat_ngram_size}: "
                "set search.no_repeat_ngram_size to 0 to allow repetition."
            )

    def forbid_(self, log_probs: Float[Tensor, "batch beam vocab"], history: Int[Tensor, "batch beam length"]) -> None:
        """Sets what may not follow `history` (the tokens so far, without BOS) to minus infinity, in place."""
        for never in self.banned:
            log_probs[..., never] = FORBIDDEN
        if history.shape[-1] < self.minimum_length:
            log_probs[..., self.eos] = FORBIDDEN
        if 0 < self.no_repeat_ngram_size <= history.shape[-1]:
            sentence, hypothesis, token = repetitions(history, self.no_repeat_ngram_size)
            log_probs[sentence, hypothesis, token] = FORBIDDEN


def repetitions(
    history: Int[Tensor, "batch beam length"], size: int
) -> tuple[Int[Tensor, " found"], Int[Tensor, " found"], Int[Tensor, " found"]]:
    """Sentence, hypothesis and token of every continuation that would repeat an n-gram of `size` tokens.

    Needs a history of at least `size` tokens: before that nothing can be repeated.
    """
    ngrams = history.unfold(-1, size, 1)
    opening = history[..., history.shape[-1] - size + 1 :].unsqueeze(2)
    sentence, hypothesis, place = (ngrams[..., :-1] == opening).all(dim=-1).nonzero(as_tuple=True)
    return sentence, hypothesis, ngrams[sentence, hypothesis, place, -1]
