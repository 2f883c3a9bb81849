"""Search that keeps the best few hypotheses of each sentence at every step."""

from dataclasses import dataclass
from typing import Generic, TypeVar, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from attnlab.decoding.candidates import Candidates, best_candidates, require_numbers
from attnlab.decoding.constraints import Constraints
from attnlab.decoding.lattice import Endings, Lattice, endings
from attnlab.decoding.limits import LengthLimit
from attnlab.decoding.penalties import coverage_penalty, length_penalty
from attnlab.decoding.protocol import Hypothesis, SearchState, StepModel
from attnlab.errors import ConfigError
from attnlab.masking import length_mask, widened

S = TypeVar("S", bound=SearchState)


@dataclass(frozen=True)
class _Live(Generic[S]):
    """The hypotheses still searched, best first, of the sentences still searched; a free place has minus infinity."""

    state: S
    sentences: Int[Tensor, " live"]
    limits: Int[Tensor, " live"]
    bounds: Float[Tensor, " live"]
    source_lengths: Int[Tensor, " live"]
    tokens: Int[Tensor, "live beam"]
    log_probs: Float[Tensor, "live beam"]
    history: Int[Tensor, "live beam length"]
    coverage: Float[Tensor, "live beam source"] | None

    def descend(
        self,
        state: S,
        found: Candidates,
        coverage: Float[Tensor, "live beam source"] | None,
        kept: Int[Tensor, " kept"],
    ) -> "_Live[S]":
        """The candidates in place of the hypotheses they extend, for the sentences of rows `kept` alone."""
        parents, tokens = found.parents[kept], found.tokens[kept]

        def follow(column: Tensor) -> Tensor:
            return column[kept].gather(1, parents.unsqueeze(-1).expand(-1, -1, column.shape[-1]))

        if len(kept):
            state = state.select(None if len(kept) == len(self.sentences) else kept, parents)
        return _Live(
            state=state,
            sentences=self.sentences[kept],
            limits=self.limits[kept],
            bounds=self.bounds[kept],
            source_lengths=self.source_lengths[kept],
            tokens=tokens,
            log_probs=found.log_probs[kept],
            history=torch.cat([follow(self.history), tokens.unsqueeze(-1)], dim=-1),
            coverage=None if coverage is None else follow(coverage),
        )


@final
@dataclass(frozen=True, kw_only=True)
class Beam:
    """Beam search over sentences and hypotheses at once.

    At each step the continuations of all hypotheses of a sentence are ranked by log-probability. Those among the best
    `beam_size` that end with EOS are set aside as finished, and the best `beam_size` of the others go on, so that
    finishing does not narrow the beam. Hypotheses that end, with EOS or unfinished at their limit, are ranked by

        score = log_prob / ((5 + length) / 6)^length_penalty + coverage_penalty * sum_i log(min(sum_t weights[t, i], 1))

    (Wu et al. 2016, equation 14), where length counts tokens and EOS. A sentence is done when `num_hypotheses` have
    ended and no live one can take a place among them. Log-probabilities only fall, coverage adds at most 0, and length
    divides by no more than it does at the limit, so that no descendant of a live hypothesis scores above
    log_prob / ((5 + limit) / 6)^length_penalty: once the best live one gives no more than the last place, going on
    cannot change the answer. Of equal scores the hypothesis that ended earlier is first.

    Attributes:
        length_limit: how long a hypothesis may be; at the limit it is returned unfinished.
        beam_size: hypotheses kept at each step.
        num_hypotheses: how many are returned for each sentence, at most; fewer if the search meets fewer.
        length_penalty: alpha of Wu et al.; 0 for none, 1 is close to the mean log-probability of a token.
        coverage_penalty: beta of Wu et al.; 0 for none. It needs a model with attention weights.
        no_repeat_ngram_size: no hypothesis holds the same n tokens in a row twice; 0 allows every repetition.
    """

    length_limit: LengthLimit
    beam_size: int
    num_hypotheses: int = 1
    length_penalty: float = 0.0
    coverage_penalty: float = 0.0
    no_repeat_ngram_size: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.num_hypotheses <= self.beam_size:
            raise ConfigError(
                f"a beam returns between 1 and beam_size hypotheses, but num_hypotheses is {self.num_hypotheses} and "
                f"beam_size {self.beam_size}: raise search.beam_size or lower search.num_hypotheses."
            )
        if self.length_penalty < 0 or self.coverage_penalty < 0:
            raise ConfigError(
                f"penalties cannot be negative, but length_penalty is {self.length_penalty} and coverage_penalty "
                f"{self.coverage_penalty}: set them to 0 for none."
            )

    @torch.no_grad()
    def __call__(self, model: StepModel[S], state: S, source_lengths: Int[Tensor, " batch"]) -> list[list[Hypothesis]]:
        """Up to `num_hypotheses` for each sentence, best first."""
        constraints = Constraints(
            banned=model.banned,
            eos=model.eos,
            minimum_length=self.length_limit.minimum,
            no_repeat_ngram_size=self.no_repeat_ngram_size,
        )
        batch, device = len(source_lengths), source_lengths.device
        lattice, ends = Lattice(batch), Endings.none(batch, self.num_hypotheses, device)
        live = self._start(model, state, source_lengths)
        while live.sentences.numel():
            live = self._advance(live, model, constraints, lattice, ends)
        return lattice.read(ends, source_lengths)

    def _start(self, model: StepModel[S], state: S, source_lengths: Int[Tensor, " batch"]) -> _Live[S]:
        """One empty hypothesis for each sentence: the beam widens at the first step."""
        batch, limits = len(source_lengths), self.length_limit.of(source_lengths)
        log_probs = torch.zeros(batch, 1, device=source_lengths.device)
        tokens = torch.full_like(log_probs, model.bos, dtype=torch.int64)
        return _Live(
            state=state,
            sentences=torch.arange(batch, device=source_lengths.device),
            limits=limits,
            bounds=log_probs.new_tensor([length_penalty(limit, self.length_penalty) for limit in limits.tolist()]),
            source_lengths=source_lengths,
            tokens=tokens,
            log_probs=log_probs,
            history=tokens.new_empty(batch, 1, 0),
            coverage=None,
        )

    def _advance(
        self, live: _Live[S], model: StepModel[S], constraints: Constraints, lattice: Lattice, ends: Endings
    ) -> _Live[S]:
        """One step: read a token of every live hypothesis, set aside what ends, keep the best of the rest."""
        step, beam = live.history.shape[2], live.tokens.shape[1]
        output = model.step(live.tokens, live.state)
        coverage = self._cover(live.coverage, output.weights)
        best = []
        for some, log_probs in output.blocks():
            log_probs.add_(live.log_probs[some].unsqueeze(-1))
            constraints.forbid_(log_probs, live.history[some])
            best.append(best_candidates(log_probs, beam + self.beam_size))
        found = Candidates(*(torch.cat(column) for column in zip(*best, strict=True)))
        require_numbers(found.log_probs)
        allowed, closing = found.log_probs > float("-inf"), found.tokens == model.eos
        if not allowed.all():
            self._set_aside_stuck(live, found.parents, allowed, ends)

        scores = self._score(live, coverage, found.log_probs, found.parents, step + 1)
        closed = closing & allowed
        closed[:, self.beam_size :] = False
        ends.offer(
            live.sentences, endings(closed, scores, found.log_probs, step=step, slots=found.parents, finished=True)
        )

        width = min(self.beam_size, closing.shape[1] - beam)
        going_on = closing.byte().argsort(dim=1, stable=True)[:, :width]
        found = Candidates(*(column.gather(1, going_on) for column in found))
        lattice.append(live.sentences, found.parents, found.tokens, output.weights)

        at_limit = live.limits == step + 1
        cut = at_limit.unsqueeze(1) & (found.log_probs > float("-inf"))
        slots = torch.arange(width, device=cut.device).expand_as(cut)
        ends.offer(
            live.sentences,
            endings(cut, scores.gather(1, going_on), found.log_probs, step=step + 1, slots=slots, finished=False),
        )

        hopeful = ~at_limit & (found.log_probs[:, 0] / live.bounds > ends.worst(live.sentences))
        return live.descend(output.state, found, coverage, hopeful.nonzero().squeeze(1))

    def _cover(
        self, before: Float[Tensor, "live beam source"] | None, weights: Float[Tensor, "live beam source"] | None
    ) -> Float[Tensor, "live beam source"] | None:
        """The attention every source position has received after this step; None where it is not asked for.

        Raises:
            ConfigError: there is a coverage penalty, but the model has no attention weights.
        """
        if self.coverage_penalty == 0:
            return None
        if weights is None:
            raise ConfigError(
                f"a coverage penalty needs attention weights, but coverage_penalty is {self.coverage_penalty} and this "
                "model has none: set coverage_penalty of the search to 0."
            )
        weights = widened(weights)
        return weights if before is None else before + weights

    def _score(
        self,
        live: _Live[S],
        coverage: Float[Tensor, "live beam source"] | None,
        log_probs: Float[Tensor, "live candidates"],
        parents: Int[Tensor, "live candidates"],
        length: int,
    ) -> Float[Tensor, "live candidates"]:
        """The score of each candidate as if it ended here, where `coverage` is that of the hypotheses it extends."""
        scores = log_probs / length_penalty(length, self.length_penalty)
        if coverage is None:
            return scores
        source_mask = length_mask(live.source_lengths, coverage.shape[2])
        return scores + coverage_penalty(coverage, source_mask, self.coverage_penalty).gather(1, parents)

    def _set_aside_stuck(
        self,
        live: _Live[S],
        parents: Int[Tensor, "live candidates"],
        allowed: Bool[Tensor, "live candidates"],
        ends: Endings,
    ) -> None:
        """Hypotheses that nothing may follow end here, unfinished, so that no sentence is left without an answer.

        Where a candidate is not allowed, all that are allowed are among the candidates.
        """
        step, slots = live.history.shape[2], torch.arange(live.tokens.shape[1], device=parents.device)
        followed = ((parents.unsqueeze(1) == slots.unsqueeze(1)) & allowed.unsqueeze(1)).any(dim=2)
        stuck = ~followed & ~allowed.all(dim=1, keepdim=True) & (live.log_probs > float("-inf"))
        slots = slots.expand_as(stuck)
        scores = self._score(live, live.coverage, live.log_probs, slots, step)
        ends.offer(live.sentences, endings(stuck, scores, live.log_probs, step=step, slots=slots, finished=False))
