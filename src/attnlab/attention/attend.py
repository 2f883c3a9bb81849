"""How a query reads a memory: scores, weights, context."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attnlab.attention.normalizers.normalizer import Normalizer
from attnlab.attention.past import Past
from attnlab.attention.scoring import Contexts, Looped, RememberingScore, ScoringFunction
from attnlab.attention.windows.excerpt import Readable, excerpts
from attnlab.attention.windows.whole import Whole
from attnlab.attention.windows.window import Span, Window
from attnlab.errors import ConfigError
from attnlab.masking import widened

PAIRWISE: Final = 2
"""Where each pair of a query and a key is computed apart, excerpts pay for sources so many times as long as the window.

All three numbers are measured on a CPU core, forward and backward, 16 sentences, vectors of 256, D = 10: from 50
positions on a perceptron is faster on excerpts, however many queries there are.
"""
SHARED: Final = 6
"""The same for one query and a score that is a matrix product: it stops for no tanh, and excerpts pay from 130 on."""
SHARED_BY_MANY: Final = 32
"""The same for many queries of a sentence, all served while the source is read once: excerpts pay from 700 on."""
AT_ONCE: Final = 16
"""At least so many queries gather their excerpts together."""


@dataclass(frozen=True)
class Memory:
    """One source batch as attention sees it, shared by all hypotheses; padded states may be anything finite."""

    states: Float[Tensor, "batch source memory"]
    keys: Float[Tensor, "batch source key"]
    source_mask: Bool[Tensor, "batch source"]

    def select(self, rows: Int[Tensor, " kept"]) -> "Memory":
        """The memory of some of the sentences."""
        return Memory(self.states[rows], self.keys[rows], self.source_mask[rows])

    @cached_property
    def source_lengths(self) -> Int[Tensor, " batch"]:
        """Real positions of each row."""
        return self.source_mask.sum(dim=1)

    @cached_property
    def readable(self) -> tuple[Readable, Readable]:
        """Keys and states, for steps that each read little of them."""
        return Readable(self.keys), Readable(self.states)


class Attended(NamedTuple):
    """What attention returns for each query; weights of several heads are averaged."""

    context: Float[Tensor, "batch target memory"]
    weights: Float[Tensor, "batch target source"]
    past: Past


class Attention(nn.Module):
    """weights = normalizer(scores of the memory states inside the window); context = weights @ states.

    Attributes:
        remembers: whether a step's weights depend on those before it.

    Raises:
        ConfigError: if the normalizer walks along the source and the window does not show all of it.
    """

    def __init__(self, *, scoring: ScoringFunction, normalizer: Normalizer, window: Window) -> None:
        super().__init__()
        self.scoring = scoring
        self.normalizer = normalizer
        self.window = window
        self.remembers = isinstance(scoring, RememberingScore) or normalizer.remembers
        if normalizer.remembers and not isinstance(window, Whole):
            raise ConfigError(
                f"{type(normalizer).__name__} goes on from where the step before looked, which "
                f"{type(window).__name__} may have moved out of sight: set model/window=global, or choose another "
                "model/normalizer."
            )

    def start(self, states: Float[Tensor, "batch source memory"], source_mask: Bool[Tensor, "batch source"]) -> Memory:
        """What depends on the source alone, computed once."""
        keys = self.scoring.keys(states)
        if _under_autocast(states):
            states, keys = widened(states), widened(keys)
        return Memory(states, keys, source_mask)

    def looped(self, memory: Memory) -> Looped:
        """What the steps of one loop share, for `step`."""
        with _exactly(memory.states):
            return self.scoring.looped(memory.keys, memory.states)

    def first(self, memory: Memory) -> Past:
        """The past of the first step, one hypothesis a sentence."""
        batch, source = memory.source_mask.shape
        step = torch.zeros(batch, 1, dtype=torch.long, device=memory.states.device)
        if not self.remembers:
            return Past(step, None, None)
        # A sum of bfloat16 weights would stop growing at 2.
        dtype = torch.promote_types(memory.states.dtype, torch.float32)
        coverage = memory.states.new_zeros(batch, 1, source, dtype=dtype)
        weights = coverage.clone()
        weights[..., 0] = 1
        return Past(step, weights, coverage)

    def run(self, query: Float[Tensor, "batch target hidden"], memory: Memory, past: Past) -> Attended:
        """Reads for all steps of a known target: side by side, unless one step's weights depend on another's."""
        if not self.remembers:
            context, weights, new = self.step(query, memory, past.ahead(query.shape[1]))
            return Attended(context, weights, new.last())
        contexts, all_weights = [], []
        for one in query.unbind(dim=1):
            context, weights, past = self.step(one.unsqueeze(1), memory, past)
            contexts.append(context)
            all_weights.append(weights)
        return Attended(torch.cat(contexts, dim=1), torch.cat(all_weights, dim=1), past)

    def step(
        self, query: Float[Tensor, "batch target hidden"], memory: Memory, past: Past, looped: Looped | None = None
    ) -> Attended:
        """Reads once for every query; `past` has a row for each."""
        if _under_autocast(query):
            query = widened(query)
        with _exactly(query):
            context, weights = self._read(query, memory, past, looped)
        heads_averaged = weights.mean(dim=1) if weights.dim() == 4 else weights
        return Attended(context, heads_averaged, past.after(heads_averaged))

    def _read(self, query: Tensor, memory: Memory, past: Past, looped: Looped | None) -> tuple[Tensor, Tensor]:
        span = self.window(query, past.step, memory.source_lengths)
        if span is not None:
            return self._inside(span, query, memory, past)
        if looped is None:
            looped = Looped(partial(self.scoring, keys=memory.keys), partial(self.scoring.read, states=memory.states))
        remembering = isinstance(self.scoring, RememberingScore)
        scores = self._scores(query, memory.keys, past) if remembering else looped.score(query)
        return self._normalized(scores, looped.read, memory.source_mask.unsqueeze(1), None, past)

    def _inside(self, span: Span, query: Tensor, memory: Memory, past: Past) -> tuple[Tensor, Tensor]:
        if self._excerpts_pay(span, query.shape[1], memory.states.shape[1]):
            return self.read_excerpts(span, query, memory, past)
        return self.read_masked(span, query, memory, past)

    def _excerpts_pay(self, span: Span, num_queries: int, source: int) -> bool:
        if self.remembers or not self.scoring.content_based or torch.compiler.is_compiling():
            return False  # a compiled step has a tape of its own
        pays_from = PAIRWISE if self.scoring.pairwise else min(SHARED * num_queries, SHARED_BY_MANY)
        return source > pays_from * span.size

    def read_masked(
        self, span: Span, query: Float[Tensor, "batch target hidden"], memory: Memory, past: Past
    ) -> tuple[Float[Tensor, "batch target memory"], Float[Tensor, "batch *heads target source"]]:
        """Context and weights inside the span: the reference, which scores the whole source."""
        positions = torch.arange(memory.states.shape[1], device=query.device).expand(1, 1, -1)
        mask = memory.source_mask.unsqueeze(1) & span.holds(positions)
        scores = self._scores(query, memory.keys, past)
        read = partial(self.scoring.read, states=memory.states)
        return self._normalized(scores, read, mask, span.favour(positions), past)

    def read_excerpts(
        self, span: Span, query: Float[Tensor, "batch target hidden"], memory: Memory, past: Past
    ) -> tuple[Float[Tensor, "batch target memory"], Float[Tensor, "batch target source"]]:
        """The same by the positions of the span alone; weights of several heads are averaged.

        Only to write the weights down takes longer for a longer source: they have a zero for each position outside.
        Queries are served so many at a time that their excerpts together are about as long as the source.
        """
        at_once = max(AT_ONCE, memory.states.shape[1] // span.size)
        pieces = [
            self._excerpt(span.of(queries), query[:, queries], memory, past)
            for queries in (slice(first, first + at_once) for first in range(0, query.shape[1], at_once))
        ]
        if len(pieces) == 1:
            return pieces[0]
        contexts, weights = zip(*pieces, strict=True)
        return torch.cat(contexts, dim=1), torch.cat(weights, dim=1)

    def _excerpt(self, span: Span, query: Tensor, memory: Memory, past: Past) -> tuple[Tensor, Tensor]:
        (batch, target), source = query.shape[:2], memory.states.shape[1]
        candidates = span.candidates()
        positions = candidates.clamp(0, source - 1)
        real = memory.source_mask.gather(1, positions.flatten(1)).view_as(positions)
        mask = real & (positions == candidates) & span.holds(candidates)
        favour = span.favour(candidates)
        rows = None if favour is None else favour.flatten(0, 1).unsqueeze(1)
        with excerpts(memory.readable, positions, source_size=source) as (keys, states):
            scores = self.scoring(query.flatten(0, 1).unsqueeze(1), keys)
            read = partial(self.scoring.read, states=states)
            context, near = self._normalized(scores, read, mask.flatten(0, 1).unsqueeze(1), rows, past)
        one_each = (near.mean(dim=1) if near.dim() == 4 else near).view(batch, target, -1)
        weights = one_each.new_zeros(batch, target, source).scatter_add(2, positions, one_each)
        return context.view(batch, target, -1), weights

    def _scores(self, query: Tensor, keys: Tensor, past: Past) -> Tensor:
        if isinstance(self.scoring, RememberingScore):
            return self.scoring.remembering(query, keys, past)
        scores: Tensor = self.scoring(query, keys)
        return scores

    def _normalized(
        self, scores: Tensor, read: Contexts, mask: Tensor, favour: Tensor | None, past: Past
    ) -> tuple[Tensor, Tensor]:
        if scores.dim() == 4:  # several heads look through the same window
            mask = mask.unsqueeze(1)
            favour = None if favour is None else favour.unsqueeze(1)
        weights = self.normalizer(scores, mask, past)
        if favour is not None:
            weights = weights * favour.to(weights.dtype)
        return read(weights), weights


def _under_autocast(read: Tensor) -> bool:
    return read.is_cpu and torch.is_autocast_enabled("cpu")


def _exactly(read: Tensor) -> AbstractContextManager[object]:
    """Without autocast on a CPU, where attention is quicker in float32.

    A product of each sentence's few queries with its keys takes four times as long in bfloat16, and so does tanh.
    """
    return torch.autocast("cpu", enabled=False) if _under_autocast(read) else nullcontext()
