"""Laws of greedy search."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlab.decoding.greedy import Greedy
from attnlab.decoding.limits import LengthLimit
from attnlab.errors import ConfigError

LENGTHS = [2, 5, 1, 7, 3]
LIMIT = LengthLimit(ratio=1.0, extra=2, maximum=8)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6), minimum=st.integers(0, 3), ngram=st.integers(0, 2), bonus=st.sampled_from([-1.0, 2.0])
)
def test_every_token_is_the_best_that_is_allowed(
    checks: Any, seed: int, minimum: int, ngram: int, bonus: float
) -> None:
    chain = checks.chain(seed=seed, num_words=4, eos_bonus=bonus)
    limit = LengthLimit(ratio=1.0, extra=2, maximum=8, minimum=minimum)
    state, lengths = chain.start(LENGTHS)
    for sentence, [found] in enumerate(Greedy(length_limit=limit, no_repeat_ngram_size=ngram)(chain, state, lengths)):
        most = max(min(LENGTHS[sentence] + 2, 8), minimum + 1)
        rules = checks.slow(
            chain=chain,
            sentence=sentence,
            source_length=LENGTHS[sentence],
            limit=most,
            minimum=minimum,
            ngram=ngram,
        )
        assert found.score == found.log_prob
        checks.facts(chain, sentence, LENGTHS[sentence], found)
        written = [*found.tokens, chain.eos] if found.finished else found.tokens
        for step, token in enumerate(written):
            following = dict(rules.follows(tuple(found.tokens[:step])))
            assert token == max(following, key=lambda one: following[one])
        assert found.finished or len(found.tokens) == most or not rules.follows(tuple(found.tokens))


def test_finished_sentences_leave_the_batch(build_chain: Any) -> None:
    chain = build_chain(seed=3, num_words=6, eos_bonus=1.0)
    state, lengths = chain.start(LENGTHS)
    written = [len(found.tokens) + found.finished for [found] in Greedy(length_limit=LIMIT)(chain, state, lengths)]
    assert len(set(written)) > 1
    assert chain.batch_sizes == [sum(count > step for count in written) for step in range(max(written))]


def test_at_the_limit_unfinished(build_chain: Any) -> None:
    chain = build_chain(seed=3, eos_bonus=-50.0)
    state, lengths = chain.start(LENGTHS)
    found = [one for [one] in Greedy(length_limit=LIMIT)(chain, state, lengths)]
    assert [len(one.tokens) for one in found] == [4, 7, 3, 8, 5]
    assert not any(one.finished for one in found)


def test_nothing_may_follow(build_chain: Any) -> None:
    """Three words, each allowed once, and EOS only after five: stuck after three, and still an answer."""
    chain = build_chain(seed=3)
    state, lengths = chain.start(LENGTHS)
    limit = LengthLimit(ratio=0.0, extra=9, maximum=9, minimum=5)
    for [found] in Greedy(length_limit=limit, no_repeat_ngram_size=1)(chain, state, lengths):
        assert sorted(found.tokens) == [1, 4, 5]
        assert not found.finished


def test_the_lowest_of_equal_tokens(build_chain: Any) -> None:
    chain = build_chain(sharpness=0.0)
    state, lengths = chain.start(LENGTHS)
    assert {tuple(one.tokens[:2]) for [one] in Greedy(length_limit=LIMIT)(chain, state, lengths)} == {(1, 1)}


def test_without_attention(build_chain: Any) -> None:
    chain = build_chain(attentive=False)
    state, lengths = chain.start(LENGTHS)
    assert all(one.weights is None for [one] in Greedy(length_limit=LIMIT)(chain, state, lengths))


def test_no_gradients_are_kept(build_chain: Any) -> None:
    chain = build_chain()
    state, lengths = chain.start([])
    assert Greedy(length_limit=LIMIT)(chain, state, lengths) == []
    state, lengths = chain.start(LENGTHS)
    with torch.inference_mode():
        [[found], *_] = Greedy(length_limit=LIMIT)(chain, state, lengths)
    assert found.weights is not None
    assert not found.weights.requires_grad


def test_negative_ngram(build_chain: Any) -> None:
    chain = build_chain()
    state, lengths = chain.start(LENGTHS)
    with pytest.raises(ConfigError, match=r"n-gram cannot be negative, but is -2"):
        Greedy(length_limit=LIMIT, no_repeat_ngram_size=-2)(chain, state, lengths)
