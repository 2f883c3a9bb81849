"""Which hypotheses ended, and how their tokens and attention weights are read back through the steps of a search."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from attnlab.decoding.protocol import Hypothesis
from attnlab.masking import widened


@dataclass
class Endings:
    """The best hypotheses of each sentence that ended so far, best first.

    An ending is the path to hypothesis `slots` as it stood before step `steps` (so `steps` tokens), and then EOS if it
    `finished`. Free places have step -1 and score minus infinity.
    """

    scores: Float[Tensor, "batch best"]
    log_probs: Float[Tensor, "batch best"]
    steps: Int[Tensor, "batch best"]
    slots: Int[Tensor, "batch best"]
    finished: Bool[Tensor, "batch best"]

    @classmethod
    def none(cls, batch: int, best: int, device: torch.device) -> "Endings":
        """Room for `best` endings of each sentence."""
        nothing = torch.full((batch, best), float("-inf"), device=device)
        steps = torch.full((batch, best), -1, device=device)
        return cls(nothing, nothing, steps, torch.zeros_like(steps), torch.zeros_like(steps, dtype=torch.bool))

    def offer(self, sentences: Int[Tensor, " live"], offered: "Endings") -> None:
        """Keeps the best of what is there and what is offered for `sentences`; of equals the earlier stays first."""
        if not (offered.steps >= 0).any():
            return
        best = self.scores.shape[1]
        scores = torch.cat([self.scores[sentences], offered.scores], dim=1)
        order = scores.argsort(dim=1, descending=True, stable=True)[:, :best]

        def merge(old: Tensor, new: Tensor) -> Tensor:
            merged = torch.cat([old[sentences], new], dim=1).gather(1, order)
            return old.to(merged.dtype).index_copy(0, sentences, merged)

        self.scores = merge(self.scores, offered.scores)
        self.log_probs = merge(self.log_probs, offered.log_probs)
        self.steps = merge(self.steps, offered.steps)
        self.slots = merge(self.slots, offered.slots)
        self.finished = merge(self.finished, offered.finished)

    def worst(self, sentences: Int[Tensor, " live"]) -> Float[Tensor, " live"]:
        """The score to beat: that of the last place, minus infinity while it is free."""
        return self.scores[sentences, -1]


def endings(
    ended: Bool[Tensor, "live beam"],
    scores: Float[Tensor, "live beam"],
    log_probs: Float[Tensor, "live beam"],
    *,
    step: int,
    slots: Int[Tensor, "live beam"],
    finished: bool,
) -> Endings:
    """Those of some hypotheses that `ended` at the same step, ready to be offered."""
    return Endings(
        scores=scores.masked_fill(~ended, float("-inf")),
        log_probs=log_probs,
        steps=torch.where(ended, step, -1),
        slots=slots,
        finished=torch.full_like(ended, finished),
    )


@dataclass(frozen=True)
class _Step:
    """What one step did for the sentences that were still searched.

    `parents` and `tokens` belong to the hypotheses after the step, `weights` to those before it.
    """

    rows: Int[Tensor, " batch"]
    parents: Int[Tensor, "live after"]
    tokens: Int[Tensor, "live after"]
    weights: Float[Tensor, "live before source"] | None


@dataclass
class Lattice:
    """Every token written, and the hypothesis it extended: enough to read any hypothesis back at the end.

    Nothing is copied when the beam is reordered, so time grows with the number of steps and not with its square.
    """

    batch: int
    _steps: list[_Step] = field(default_factory=list)

    def append(
        self,
        sentences: Int[Tensor, " live"],
        parents: Int[Tensor, "live after"],
        tokens: Int[Tensor, "live after"],
        weights: Float[Tensor, "live before source"] | None,
    ) -> None:
        """Records one step: `sentences[i]` is the sentence of row i."""
        rows = sentences.new_zeros(self.batch)
        rows[sentences] = torch.arange(len(sentences), device=sentences.device)
        self._steps.append(_Step(rows, parents, tokens, weights))

    def read(self, ends: Endings, source_lengths: Int[Tensor, " batch"]) -> list[list[Hypothesis]]:
        """The hypotheses behind some endings, weights trimmed to the real source and brought to main memory."""
        tokens, weights = self._trace(ends)
        spelt = tokens.tolist()
        looked = None if weights is None else weights.cpu()
        facts = zip(*(x.tolist() for x in (ends.scores, ends.log_probs, ends.steps, ends.finished)), strict=True)
        return [
            [
                Hypothesis(
                    tokens=spelt[sentence][place][:step],
                    log_prob=log_prob,
                    score=score,
                    weights=None if looked is None else looked[sentence, place, : step + finished, :length].clone(),
                    finished=finished,
                )
                for place, (score, log_prob, step, finished) in enumerate(zip(*fact, strict=True))
                if step >= 0
            ]
            for sentence, (length, fact) in enumerate(zip(source_lengths.tolist(), facts, strict=True))
        ]

    def _trace(
        self, ends: Endings
    ) -> tuple[Int[Tensor, "batch best step"], Float[Tensor, "batch best step source"] | None]:
        """Walks back from the endings; entries beyond the end of a hypothesis hold anything."""
        slots, tokens, weights = ends.slots, [], []
        for number, step in reversed(list(enumerate(self._steps))):
            rows, inside = step.rows.unsqueeze(1), ends.steps > number
            after = torch.where(inside, slots, 0)
            tokens.append(step.tokens[rows, after])
            slots = torch.where(inside, step.parents[rows, after], slots)
            if step.weights is not None:
                before = torch.where(ends.steps >= number, slots, 0)
                weights.append(step.weights[rows, before])
        if not tokens:
            return ends.slots.new_zeros((*ends.slots.shape, 0)), None
        looked = torch.stack(weights[::-1], dim=2) if weights else None
        if looked is not None:
            looked = widened(looked)
        return torch.stack(tokens[::-1], dim=2), looked
