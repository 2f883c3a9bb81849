"""Following a fixed number of paths through a model, one choice a step: what greedy search and sampling share."""

from collections.abc import Callable
from typing import TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attnlab.decoding.candidates import require_numbers
from attnlab.decoding.constraints import Constraints
from attnlab.decoding.lattice import Endings, Lattice, endings
from attnlab.decoding.limits import LengthLimit
from attnlab.decoding.protocol import Hypothesis, SearchState, StepModel

S = TypeVar("S", bound=SearchState)
Choice = Callable[[Float[Tensor, "live beam vocab"]], Int[Tensor, "live beam"]]
"""Picks the next token of every path. What is not allowed has minus infinity; something is always allowed."""


@torch.no_grad()
def follow(
    model: StepModel[S],
    state: S,
    source_lengths: Int[Tensor, " batch"],
    *,
    choose: Choice,
    num_paths: int,
    length_limit: LengthLimit,
    no_repeat_ngram_size: int,
) -> list[list[Hypothesis]]:
    """`num_paths` hypotheses for each sentence, best first; a sentence leaves the batch when all of its paths ended.

    A path ends with EOS, or unfinished: at its length limit, or where nothing may follow.
    """
    constraints = Constraints(
        banned=model.banned,
        eos=model.eos,
        minimum_length=length_limit.minimum,
        no_repeat_ngram_size=no_repeat_ngram_size,
    )
    batch, device = len(source_lengths), source_lengths.device
    lattice, ends = Lattice(batch), Endings.none(batch, num_paths, device)
    limits, sentences = length_limit.of(source_lengths), torch.arange(batch, device=device)
    if num_paths > 1:
        state = state.select(None, source_lengths.new_zeros(batch, num_paths))
    slots = torch.arange(num_paths, device=device).expand(batch, num_paths)
    tokens = torch.full_like(slots, model.bos)
    history = tokens.new_empty(batch, num_paths, 0)
    log_probs = torch.zeros(batch, num_paths, device=device)
    running = torch.ones_like(tokens, dtype=torch.bool)

    while sentences.numel():
        step = history.shape[2]
        output = model.step(tokens, state)
        chosen: list[tuple[Tensor, Tensor, Tensor]] = []
        for some, allowed in output.blocks():
            constraints.forbid_(allowed, history[some])
            best = allowed.amax(dim=-1)
            require_numbers(best)
            nothing = best == float("-inf")
            allowed[..., 0].masked_fill_(nothing, 0.0)
            token = choose(allowed)
            chosen.append((nothing, token, allowed.gather(-1, token.unsqueeze(-1)).squeeze(-1)))
        barren, tokens, added = (torch.cat(column) for column in zip(*chosen, strict=True))
        extended = log_probs + added
        lattice.append(sentences, slots, tokens, output.weights)

        stuck = running & barren
        closed = running & ~barren & (tokens == model.eos)
        cut = running & ~stuck & ~closed & (limits == step + 1).unsqueeze(1)
        ends.offer(sentences, endings(stuck, log_probs, log_probs, step=step, slots=slots, finished=False))
        ends.offer(sentences, endings(closed, extended, extended, step=step, slots=slots, finished=True))
        ends.offer(sentences, endings(cut, extended, extended, step=step + 1, slots=slots, finished=False))

        running = running & ~(stuck | closed | cut)
        log_probs, history, state = extended, torch.cat([history, tokens.unsqueeze(-1)], dim=-1), output.state
        kept = running.any(dim=1).nonzero().squeeze(1)
        if len(kept) < len(sentences):
            sentences, limits, slots = sentences[kept], limits[kept], slots[kept]
            tokens, log_probs, history, running = tokens[kept], log_probs[kept], history[kept], running[kept]
            if len(kept):
                state = state.select(kept, slots)
    return lattice.read(ends, source_lengths)
