"""Laws of beam search: it is exhaustive search when wide, greedy search when narrow, and never mixes its sentences."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlab.decoding.beam import Beam
from attnlab.decoding.greedy import Greedy
from attnlab.decoding.limits import LengthLimit
from attnlab.decoding.protocol import Hypothesis
from attnlab.errors import ConfigError, RunError

Build = Callable[..., Any]
SOURCE_LENGTHS = [3, 1, 5, 2]
LIMIT = LengthLimit(ratio=1.0, extra=1, maximum=4)
LIMITS = [4, 2, 4, 3]  # of SOURCE_LENGTHS, worked out by hand
WIDE = 400  # three words and EOS for four steps: at most 4 * 3**3 continuations compete


def beam(size: int, *, limit: LengthLimit = LIMIT, **choices: Any) -> Beam:
    return Beam(length_limit=limit, beam_size=size, **choices)


def run(search: Any, chain: Any, lengths: list[int] | None = None) -> list[list[Hypothesis]]:
    state, source_lengths = chain.start(SOURCE_LENGTHS if lengths is None else lengths)
    return search(chain, state, source_lengths)  # type: ignore[no-any-return]


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0, 2.5])
@pytest.mark.parametrize("beta", [0.0, 0.2, 3.0])
@pytest.mark.parametrize("minimum", [0, 2])
def test_wide_beam_is_exhaustive_search(checks: Any, alpha: float, beta: float, minimum: int) -> None:
    chain = checks.chain(seed=7)
    limit = LengthLimit(ratio=1.0, extra=1, maximum=4, minimum=minimum)
    found = run(beam(WIDE, limit=limit, num_hypotheses=WIDE, length_penalty=alpha, coverage_penalty=beta), chain)
    for sentence, length in enumerate(SOURCE_LENGTHS):
        oracle = checks.slow(
            chain=chain, sentence=sentence, source_length=length, alpha=alpha, beta=beta, minimum=minimum,
            limit=max(LIMITS[sentence], minimum + 1),
        )  # fmt: skip
        checks.same(found[sentence], oracle.exhaustive())
        for hypothesis in found[sentence]:
            checks.facts(chain, sentence, length, hypothesis)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_wide_beam_without_repeated_ngrams_is_exhaustive_search(checks: Any, size: int) -> None:
    chain = checks.chain(seed=8)
    found = run(beam(WIDE, num_hypotheses=WIDE, no_repeat_ngram_size=size, length_penalty=0.6), chain)
    for sentence, length in enumerate(SOURCE_LENGTHS):
        oracle = checks.slow(
            chain=chain, sentence=sentence, source_length=length, limit=LIMITS[sentence], ngram=size, alpha=0.6
        )
        checks.same(found[sentence], oracle.exhaustive())


@settings(max_examples=40, deadline=None)
@given(
    size=st.integers(1, 4),
    choices=st.fixed_dictionaries(
        {"seed": st.integers(0, 10**6), "eos_bonus": st.sampled_from([-2.0, 0.0, 2.0])},
    ),
    alpha=st.sampled_from([0.0, 0.3, 1.0, 2.0]),
    beta=st.sampled_from([0.0, 0.5]),
    minimum=st.integers(0, 3),
    ngram=st.integers(0, 2),
    data=st.data(),
)
def test_fast_beam_is_slow_beam(
    checks: Any,
    size: int,
    choices: dict[str, Any],
    alpha: float,
    beta: float,
    minimum: int,
    ngram: int,
    data: st.DataObject,
) -> None:
    """The slow one never stops early and knows no batch: stopping is exact, and sentences do not disturb each other."""
    chain = checks.chain(num_words=3, **choices)
    count = data.draw(st.integers(1, size))
    limit = LengthLimit(ratio=1.0, extra=2, maximum=6, minimum=minimum)
    search = beam(
        size,
        limit=limit,
        num_hypotheses=count,
        length_penalty=alpha,
        coverage_penalty=beta,
        no_repeat_ngram_size=ngram,
    )
    for sentence, (length, found) in enumerate(zip(SOURCE_LENGTHS, run(search, chain), strict=True)):
        oracle = checks.slow(
            chain=chain, sentence=sentence, source_length=length, alpha=alpha, beta=beta, minimum=minimum, ngram=ngram,
            limit=max(min(length + 2, 6), minimum + 1),
        )  # fmt: skip
        checks.same(found, oracle.beam(size)[:count])
        for hypothesis in found:
            checks.facts(chain, sentence, length, hypothesis)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), minimum=st.integers(0, 3), ngram=st.integers(0, 3))
def test_beam_of_one_is_greedy(build_chain: Build, seed: int, minimum: int, ngram: int) -> None:
    chain = build_chain(seed=seed, num_words=4)
    limit = LengthLimit(ratio=1.0, extra=3, maximum=7, minimum=minimum)
    narrow = run(beam(1, limit=limit, no_repeat_ngram_size=ngram), chain)
    greedy = run(Greedy(length_limit=limit, no_repeat_ngram_size=ngram), chain)
    for [found], [expected] in zip(narrow, greedy, strict=True):
        assert (found.tokens, found.finished) == (expected.tokens, expected.finished)
        assert found.log_prob == expected.log_prob
        assert found.score == expected.score
        assert found.weights is not None
        assert expected.weights is not None
        assert torch.equal(found.weights, expected.weights)


@pytest.mark.parametrize("attentive", [True, False])
def test_batch_is_one_sentence_at_a_time(build_chain: Build, attentive: bool) -> None:
    chain = build_chain(seed=11, num_words=6, attentive=attentive, eos_bonus=1.0)
    lengths = [1, 4, 2, 7, 3, 7, 1, 5]
    limit = LengthLimit(ratio=2.0, extra=2, maximum=12)
    search = beam(3, limit=limit, num_hypotheses=3, length_penalty=0.8)
    together = run(search, chain, lengths)
    sizes = list(chain.batch_sizes)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < sizes[0] == len(lengths), "finished sentences leave the batch"
    for sentence, length in enumerate(lengths):
        state, source_lengths = chain.start([length], [sentence])
        [alone] = search(chain, state, source_lengths)
        for found, expected in zip(together[sentence], alone, strict=True):
            assert (found.tokens, found.finished) == (expected.tokens, expected.finished)
            assert (found.log_prob, found.score) == (expected.log_prob, expected.score)
            assert (found.weights is None) == (not attentive)
            if found.weights is not None and expected.weights is not None:
                assert torch.equal(found.weights, expected.weights)


def test_finishing_does_not_narrow_the_beam(build_chain: Build) -> None:
    """With EOS likely everywhere, a beam that lost a place to each finished hypothesis would run dry before four."""
    chain = build_chain(seed=2, num_words=6, eos_bonus=3.0)
    for found in run(beam(4, limit=LengthLimit(ratio=0.0, extra=8, maximum=8), num_hypotheses=4), chain):
        assert len(found) == 4
        assert all(hypothesis.finished for hypothesis in found)


def test_search_stops_before_the_limit(build_chain: Build) -> None:
    chain = build_chain(seed=2, num_words=6, eos_bonus=3.0)
    run(beam(4, limit=LengthLimit(ratio=0.0, extra=300, maximum=300)), chain)
    assert len(chain.batch_sizes) < 20


def test_no_ngram_occurs_twice(checks: Any) -> None:
    chain = checks.chain(seed=4, num_words=2, sharpness=3.0, eos_bonus=-6.0)
    limit = LengthLimit(ratio=0.0, extra=12, maximum=12)
    free = run(beam(3, limit=limit), chain)
    assert any(checks.repeats(found.tokens, 2) for [found] in free), "otherwise there is nothing to block"
    for [found] in run(beam(3, limit=limit, no_repeat_ngram_size=2), chain):
        assert not checks.repeats(found.tokens, 2)


def test_minimum_length(build_chain: Build) -> None:
    chain = build_chain(seed=5, eos_bonus=5.0)
    assert all(len(found.tokens) < 4 for [found] in run(beam(3), chain))
    limit = LengthLimit(ratio=0.0, extra=9, maximum=9, minimum=4)
    found = [one for several in run(beam(3, limit=limit, num_hypotheses=3), chain) for one in several]
    assert all(len(hypothesis.tokens) >= 4 for hypothesis in found)


def test_at_the_limit_unfinished(build_chain: Build) -> None:
    chain = build_chain(seed=6, eos_bonus=-50.0)
    for [found], limit in zip(run(beam(3), chain), LIMITS, strict=True):
        assert not found.finished
        assert len(found.tokens) == limit
        assert found.weights is not None
        assert len(found.weights) == limit


def test_nothing_may_follow(checks: Any) -> None:
    """Three words, each allowed once, and EOS only after four: every path is stuck after three tokens."""
    chain = checks.chain(seed=9)
    limit = LengthLimit(ratio=0.0, extra=9, maximum=9, minimum=4)
    found = run(
        beam(6, limit=limit, num_hypotheses=6, no_repeat_ngram_size=1, length_penalty=1.0, coverage_penalty=0.5), chain
    )
    for sentence, length in enumerate(SOURCE_LENGTHS):
        oracle = checks.slow(
            chain=chain, sentence=sentence, source_length=length, limit=9, minimum=4, ngram=1, alpha=1.0, beta=0.5
        )
        checks.same(found[sentence], oracle.exhaustive())
        assert {(len(one.tokens), one.finished) for one in found[sentence]} == {(3, False)}


def test_equal_hypotheses_come_in_the_order_of_their_tokens(build_chain: Build) -> None:
    chain = build_chain(sharpness=0.0, num_words=20)
    limit = LengthLimit(ratio=0.0, extra=2, maximum=2, minimum=1)
    for found in run(beam(4, limit=limit, num_hypotheses=4), chain):
        assert [one.tokens for one in found] == [[1], [1, 1], [1, 4], [1, 5]], "finished before unfinished"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_narrow_types_are_added_in_float32(build_chain: Build, dtype: torch.dtype) -> None:
    chain = build_chain(seed=3, num_words=5, dtype=dtype, eos_bonus=-50.0)
    limit = LengthLimit(ratio=0.0, extra=40, maximum=40)
    for sentence, [found] in enumerate(run(beam(2, limit=limit), chain)):
        steps = [
            torch.tensor(chain.log_probs(sentence, tuple(found.tokens[:step]))[token]).to(dtype).item()
            for step, token in enumerate(found.tokens)
        ]
        assert found.log_prob == pytest.approx(sum(steps), rel=1e-6)
        assert found.weights is not None
        assert found.weights.dtype == torch.float32


def test_inference_mode(build_chain: Build) -> None:
    chain = build_chain(seed=1)
    search = beam(3, num_hypotheses=2, coverage_penalty=0.3, length_penalty=1.0, no_repeat_ngram_size=2)
    with torch.inference_mode():
        inside = run(search, chain)
    assert [[one.tokens for one in found] for found in inside] == [
        [one.tokens for one in found] for found in run(search, chain)
    ]


def test_no_sentences(build_chain: Build) -> None:
    assert run(beam(3), build_chain(), []) == []


@pytest.mark.parametrize(("size", "count"), [(2, 3), (2, 0), (0, 0)])
def test_more_hypotheses_than_beam(size: int, count: int) -> None:
    with pytest.raises(ConfigError, match=f"num_hypotheses is {count} and beam_size {size}: raise search.beam_size"):
        beam(size, num_hypotheses=count)


@pytest.mark.parametrize("choices", [{"length_penalty": -0.5}, {"coverage_penalty": -0.5}])
def test_negative_penalty(choices: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"penalties cannot be negative.* -0\.5.*set them to 0"):
        beam(2, **choices)


def test_coverage_needs_weights(build_chain: Build) -> None:
    with pytest.raises(ConfigError, match=r"coverage_penalty is 0\.2 and this model has none: set"):
        run(beam(2, coverage_penalty=0.2), build_chain(attentive=False))


def test_diverged_model(build_chain: Build) -> None:
    chain = build_chain(sharpness=float("nan"))
    with pytest.raises(RunError, match="the model gave NaN: its weights have diverged"):
        run(beam(2), chain)
    with pytest.raises(RunError, match="the model gave NaN: its weights have diverged"):
        run(Greedy(length_limit=LIMIT), chain)
