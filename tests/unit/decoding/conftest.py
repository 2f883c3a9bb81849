"""A Markov chain in place of a model, and the slow searches that the fast ones are held against."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from attnlab.decoding.protocol import Hypothesis, StepOutput

PAD, BOS, EOS = 0, 2, 3


@dataclass(frozen=True)
class ChainState:
    """The sentence of every row and every token its hypotheses were fed: wrong reordering gives other predictions."""

    sentences: Tensor
    source_lengths: Tensor
    history: Tensor

    def to(self, device: str) -> "ChainState":
        return ChainState(self.sentences.to(device), self.source_lengths.to(device), self.history.to(device))

    def select(self, rows: Tensor | None, parents: Tensor) -> "ChainState":
        rows = torch.arange(len(self.sentences), device=parents.device) if rows is None else rows
        assert parents.shape[0] == rows.shape[0]
        history = torch.stack([self.history[row][kept] for row, kept in zip(rows, parents, strict=True)])
        return ChainState(self.sentences[rows], self.source_lengths[rows], history)


@dataclass(frozen=True)
class Chain:
    """A model whose predictions and weights are random numbers drawn from the sentence and the tokens so far."""

    seed: int = 0
    num_words: int = 2
    sharpness: float = 2.0
    eos_bonus: float = 0.0
    attentive: bool = True
    dtype: torch.dtype = torch.float64
    at_once: int = 2
    bos: int = BOS
    eos: int = EOS
    banned: tuple[int, ...] = (PAD, BOS)
    batch_sizes: list[int] = field(default_factory=list, compare=False, hash=False)

    def log_probs(self, sentence: int, prefix: tuple[int, ...]) -> list[float]:
        return _log_probs(self, sentence, prefix)

    def weights(self, sentence: int, prefix: tuple[int, ...], source_length: int) -> list[float]:
        return _weights(self, sentence, prefix, source_length)

    def start(self, source_lengths: Sequence[int], sentences: Sequence[int] | None = None) -> tuple[ChainState, Tensor]:
        lengths = torch.tensor(source_lengths, dtype=torch.int64)
        names = torch.tensor(range(len(lengths)) if sentences is None else sentences, dtype=torch.int64)
        return ChainState(names, lengths, torch.empty(len(lengths), 1, 0, dtype=torch.int64)), lengths

    def step(self, tokens: Tensor, state: ChainState) -> StepOutput[ChainState]:
        assert tokens.shape == state.history.shape[:2]
        self.batch_sizes.append(len(tokens))
        history = torch.cat([state.history, tokens.unsqueeze(-1)], dim=-1)
        assert (history[..., 0] == self.bos).all()
        rows = list(zip(state.sentences.tolist(), state.source_lengths.tolist(), history.tolist(), strict=True))
        log_probs = [[self.log_probs(name, tuple(path[1:])) for path in paths] for name, _, paths in rows]
        as_log_probs: dict[str, Any] = {"dtype": self.dtype, "device": tokens.device}
        weights = torch.full((*tokens.shape, 9), float("nan"), **as_log_probs)  # NaN on padding would show a leak
        for row, (name, length, paths) in enumerate(rows):
            looked = [self.weights(name, tuple(path[1:]), length) for path in paths]
            weights[row, :, :length] = torch.tensor(looked, **as_log_probs)
        return StepOutput(
            torch.tensor(log_probs, **as_log_probs).split(self.at_once),
            weights if self.attentive else None,
            ChainState(state.sentences, state.source_lengths, history),
        )


@cache
def _log_probs(chain: Chain, sentence: int, prefix: tuple[int, ...]) -> list[float]:
    numbers = random.Random(repr((chain.seed, sentence, prefix)))
    logits = [chain.sharpness * numbers.gauss(0, 1) for _ in range(4 + chain.num_words)]
    logits[chain.eos] += chain.eos_bonus
    total = math.log(sum(math.exp(logit) for logit in logits))
    return [logit - total for logit in logits]


@cache
def _weights(chain: Chain, sentence: int, prefix: tuple[int, ...], source_length: int) -> list[float]:
    numbers = random.Random(repr(("weights", chain.seed, sentence, prefix)))
    raw = [numbers.random() for _ in range(source_length)]
    return [number / sum(raw) for number in raw]


class Leaf(NamedTuple):
    """One hypothesis of a slow search."""

    tokens: tuple[int, ...]
    log_prob: float
    finished: bool
    score: float


@dataclass(frozen=True, kw_only=True)
class Slow:
    """Search over Python lists, one sentence at a time, from the definitions alone."""

    chain: Chain
    sentence: int
    source_length: int
    limit: int
    minimum: int = 0
    alpha: float = 0.0
    beta: float = 0.0
    ngram: int = 0

    def follows(self, prefix: tuple[int, ...]) -> list[tuple[int, float]]:
        """Every token that may come next, with its log-probability."""
        return [
            (token, log_prob)
            for token, log_prob in enumerate(self.chain.log_probs(self.sentence, prefix))
            if token not in self.chain.banned
            and not (token == self.chain.eos and len(prefix) < self.minimum)
            and not (token != self.chain.eos and repeats((*prefix, token), self.ngram))
        ]

    def leaf(self, tokens: tuple[int, ...], log_prob: float, *, finished: bool) -> Leaf:
        length = len(tokens) + finished
        coverage = [0.0] * self.source_length
        for step in range(length):
            seen = self.chain.weights(self.sentence, tokens[:step], self.source_length)
            coverage = [old + new for old, new in zip(coverage, seen, strict=True)]
        penalty = self.beta * sum(math.log(min(total, 1.0)) for total in coverage) if self.beta else 0.0
        return Leaf(tokens, log_prob, finished, log_prob / ((5 + length) / 6) ** self.alpha + penalty)

    def exhaustive(self) -> list[Leaf]:
        """Every hypothesis there is, best first."""
        leaves: list[Leaf] = []

        def visit(prefix: tuple[int, ...], log_prob: float) -> None:
            following = self.follows(prefix) if len(prefix) < self.limit else []
            if not following:
                leaves.append(self.leaf(prefix, log_prob, finished=False))
            for token, step in following:
                if token == self.chain.eos:
                    leaves.append(self.leaf(prefix, log_prob + step, finished=True))
                else:
                    visit((*prefix, token), log_prob + step)

        visit((), 0.0)
        return sorted(leaves, key=lambda leaf: -leaf.score)

    def beam(self, size: int) -> list[Leaf]:
        """Beam search that never stops before the limit, best first."""
        live: list[tuple[tuple[int, ...], float]] = [((), 0.0)]
        leaves: list[Leaf] = []
        for _ in range(self.limit):
            grown = []
            for prefix, log_prob in live:
                following = self.follows(prefix)
                grown += [(log_prob + step, prefix, token) for token, step in following]
                if not following:
                    leaves.append(self.leaf(prefix, log_prob, finished=False))
            grown.sort(key=lambda candidate: -candidate[0])
            best = grown[:size]
            leaves += [self.leaf(path, total, finished=True) for total, path, token in best if token == self.chain.eos]
            live = [((*path, token), total) for total, path, token in grown if token != self.chain.eos][:size]
        leaves += [self.leaf(prefix, log_prob, finished=False) for prefix, log_prob in live]
        return sorted(leaves, key=lambda leaf: -leaf.score)


def repeats(tokens: Sequence[int], size: int) -> bool:
    ngrams = [tuple(tokens[start : start + size]) for start in range(len(tokens) - size + 1)]
    return size > 0 and len(set(ngrams)) < len(ngrams)


def check_same(found: Sequence[Hypothesis], expected: Sequence[Leaf]) -> None:
    assert [tuple(hypothesis.tokens) for hypothesis in found] == [leaf.tokens for leaf in expected]
    assert [hypothesis.finished for hypothesis in found] == [leaf.finished for leaf in expected]
    assert [hypothesis.log_prob for hypothesis in found] == pytest.approx([leaf.log_prob for leaf in expected])
    assert [hypothesis.score for hypothesis in found] == pytest.approx([leaf.score for leaf in expected])
    assert all(better.score >= worse.score for better, worse in pairwise(found))


def check_facts(chain: Chain, sentence: int, source_length: int, hypothesis: Hypothesis) -> None:
    """Replays the tokens through the model: log-probability and weights must be those of this very hypothesis."""
    tokens = (*hypothesis.tokens, chain.eos) if hypothesis.finished else tuple(hypothesis.tokens)
    replayed = [chain.log_probs(sentence, tokens[:step])[token] for step, token in enumerate(tokens)]
    assert hypothesis.log_prob == pytest.approx(sum(replayed))
    if not chain.attentive:
        assert hypothesis.weights is None
        return
    looked = [chain.weights(sentence, tokens[:step], source_length) for step in range(len(tokens))]
    assert hypothesis.weights is not None
    expected = torch.tensor(looked, dtype=chain.dtype).view(len(tokens), source_length)
    torch.testing.assert_close(hypothesis.weights, expected, check_dtype=False, atol=1e-6, rtol=1e-6)


class Checks(NamedTuple):
    """All of this file, for tests that cannot import it."""

    chain: type[Chain] = Chain
    slow: type[Slow] = Slow
    same: Callable[..., None] = check_same
    facts: Callable[..., None] = check_facts
    repeats: Callable[[Sequence[int], int], bool] = repeats


@pytest.fixture(scope="session")
def checks() -> Checks:
    return Checks()


@pytest.fixture(scope="session")
def build_chain() -> Callable[..., Any]:
    return Chain
