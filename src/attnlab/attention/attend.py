"""How a query reads a memory: scores, weights, context."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attnlab.attention.normalizers.normalizer import Normalizer
from attnlab.attention.past import Past
from attnlab.attention.scoring import RememberingScore, ScoringFunction
from attnlab.attention.windows.window import Span, Window


@dataclass(frozen=True)
class Memory:
    """One source batch as attention sees it, shared by all hypotheses; padded states may be anything finite."""

    states: Float[Tensor, "batch source memory"]
    keys: Float[Tensor, "batch source key"]
    source_mask: Bool[Tensor, "batch source"]

    def select(self, rows: Int[Tensor, " kept"]) -> "Memory":
        """The memory of some of the sentences."""
        return Memory(self.states[rows], self.keys[rows], self.source_mask[rows])


class Attended(NamedTuple):
    """What attention returns for each query; weights of several heads are averaged."""

    context: Float[Tensor, "batch target memory"]
    weights: Float[Tensor, "batch target source"]
    past: Past


class Attention(nn.Module):
    """weights = normalizer(scores of the memory states inside the window); context = weights @ states.

    Attributes:
        remembers: whether a step's weights depend on those before it.
    """

    def __init__(self, *, scoring: ScoringFunction, normalizer: Normalizer, window: Window) -> None:
        super().__init__()
        self.scoring = scoring
        self.normalizer = normalizer
        self.window = window
        self.remembers = isinstance(scoring, RememberingScore) or normalizer.remembers

    def start(self, states: Float[Tensor, "batch source memory"], source_mask: Bool[Tensor, "batch source"]) -> Memory:
        """What depends on the source alone, computed once."""
        return Memory(states, self.scoring.keys(states), source_mask)

    def first(self, memory: Memory) -> Past:
        """The past of the first step, one hypothesis a sentence."""
        batch, source = memory.source_mask.shape
        step = torch.zeros(batch, 1, dtype=torch.long, device=memory.states.device)
        if not self.remembers:
            return Past(step, None, None)
        coverage = memory.states.new_zeros(batch, 1, source)
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

    def step(self, query: Float[Tensor, "batch target hidden"], memory: Memory, past: Past) -> Attended:
        """Reads once for every query; `past` has a row for each."""
        context, weights = self._read(query, memory, past)
        heads_averaged = weights.mean(dim=1) if weights.dim() == 4 else weights
        return Attended(context, heads_averaged, past.after(heads_averaged))

    def _read(self, query: Tensor, memory: Memory, past: Past) -> tuple[Tensor, Tensor]:
        mask = memory.source_mask.unsqueeze(1)
        span = self.window(query, past.step, memory.source_mask.sum(dim=1))
        if span is None:
            return self._normalized(self._scores(query, memory.keys, past), memory.states, mask, None, past)
        return self._inside(span, query, memory, past)

    def _inside(self, span: Span, query: Tensor, memory: Memory, past: Past) -> tuple[Tensor, Tensor]:
        positions = torch.arange(memory.states.shape[1], device=query.device).expand(1, 1, -1)
        mask = memory.source_mask.unsqueeze(1) & span.holds(positions)
        scores = self._scores(query, memory.keys, past)
        return self._normalized(scores, memory.states, mask, span.favour(positions), past)

    def _scores(self, query: Tensor, keys: Tensor, past: Past) -> Tensor:
        if not isinstance(self.scoring, RememberingScore):
            scores: Tensor = self.scoring(query, keys)
            return scores
        recalled = self.scoring.recall(keys, past)
        batch, target = query.shape[:2]
        single: Tensor = self.scoring(query.flatten(0, 1).unsqueeze(1), recalled.flatten(0, 1))
        return single.view(batch, target, -1)

    def _normalized(
        self, scores: Tensor, states: Tensor, mask: Tensor, favour: Tensor | None, past: Past
    ) -> tuple[Tensor, Tensor]:
        if scores.dim() == 4:  # several heads look through the same window
            mask = mask.unsqueeze(1)
            favour = None if favour is None else favour.unsqueeze(1)
        weights = self.normalizer(scores, mask, past)
        if favour is not None:
            weights = weights * favour.to(weights.dtype)
        return self.scoring.read(weights, states), weights
