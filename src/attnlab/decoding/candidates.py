"""The best continuations of a sentence's hypotheses, in an order that does not depend on how the sort is done."""

from typing import Final, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attnlab.errors import RunError

BLOCK: Final = 80
"""Places of a long row that are first looked at through the best of them."""


class Candidates(NamedTuple):
    """Continuations of each sentence, best first; minus infinity and token 0 mark those that are not allowed."""

    log_probs: Float[Tensor, "batch candidates"]
    parents: Int[Tensor, "batch candidates"]
    tokens: Int[Tensor, "batch candidates"]


def best_candidates(log_probs: Float[Tensor, "batch beam vocab"], count: int) -> Candidates:
    """The `count` best continuations of each sentence, or all if there are fewer.

    Of equal ones the lower hypothesis comes first, then the lower token.
    """
    values, places = stable_topk(log_probs.flatten(1), count)
    vocab = log_probs.shape[2]
    return Candidates(values, places // vocab, (places % vocab).masked_fill(values == float("-inf"), 0))


def stable_topk(
    values: Float[Tensor, "batch places"], count: int
) -> tuple[Float[Tensor, "batch best"], Int[Tensor, "batch best"]]:
    """Like `torch.topk`, but of equal values the one at the lower place comes first; `count` may exceed the places.

    `torch.topk` leaves open which of equal values it returns. Only rows in which the last value taken equals the first
    one left out need a second look, and it costs one pass over them instead of a sort. Of a long row only the `count`
    blocks with the highest values are ranked: ahead of any value outside are their best ones.
    """
    if count >= values.shape[1]:
        return values.sort(dim=1, descending=True, stable=True)
    if values.shape[1] >= 2 * count * BLOCK:
        return _topk_of_blocks(values, count)
    if count == 1:
        best, place = values.max(dim=1, keepdim=True)
        return best, place
    probed, places = values.topk(count + 1)
    last, places = probed[:, count - 1], places[:, :count]
    tied = ((last == probed[:, count]) & (last > float("-inf"))).nonzero().squeeze(1)
    if tied.numel():
        places[tied] = _first_places(values[tied], last[tied], count)
    places = places.sort(dim=1).values
    best, order = values.gather(1, places).sort(dim=1, descending=True, stable=True)
    return best, places.gather(1, order)


def _topk_of_blocks(
    values: Float[Tensor, "batch places"], count: int
) -> tuple[Float[Tensor, "batch best"], Int[Tensor, "batch best"]]:
    """`stable_topk` of the best blocks, and of the last one, which is shorter."""
    even = values.shape[1] // BLOCK * BLOCK
    blocks = values[:, :even].unflatten(1, (-1, BLOCK))
    chosen = stable_topk(blocks.amax(dim=2), count)[1].sort(dim=1).values
    inside = blocks.gather(1, chosen.unsqueeze(2).expand(-1, -1, BLOCK)).flatten(1)
    best, found = stable_topk(torch.cat([inside, values[:, even:]], dim=1), count)
    starts = torch.cat([chosen * BLOCK, chosen.new_full((len(values), 1), even)], dim=1)
    which = (found // BLOCK).clamp(max=count)
    return best, starts.gather(1, which) + found - which * BLOCK


def require_numbers(log_probs: Float[Tensor, " *shape"]) -> None:
    """Refuses the output of a model whose weights are no numbers any more.

    Raises:
        RunError: a log-probability is NaN.
    """
    if torch.isnan(log_probs).any():
        raise RunError(
            "search needs log-probabilities, but the model gave NaN: its weights have diverged; "
            "take an earlier checkpoint, or train again with a lower learning rate."
        )


def _first_places(
    values: Float[Tensor, "tied places"], last: Float[Tensor, " tied"], count: int
) -> Int[Tensor, "tied best"]:
    """The places of all values above `last`, and the first of those equal to it that make up the count."""
    above, equal = values > last.unsqueeze(1), values == last.unsqueeze(1)
    missing = count - above.sum(dim=1, keepdim=True)
    taken = above | (equal & (equal.cumsum(dim=1) <= missing))
    return taken.nonzero()[:, 1].view(-1, count)
