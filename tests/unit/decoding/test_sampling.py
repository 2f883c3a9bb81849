"""Laws of sampling: it follows the model's distribution, can be repeated, and becomes greedy search when narrowed."""

import math
from collections import Counter
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlab.decoding.greedy import Greedy
from attnlab.decoding.limits import LengthLimit
from attnlab.decoding.protocol import Hypothesis
from attnlab.decoding.sampling import Sampling, draw, nucleus
from attnlab.errors import ConfigError

LENGTHS = [2, 5, 1, 4]
LIMIT = LengthLimit(ratio=1.0, extra=2, maximum=6)
SHORT = LengthLimit(ratio=0.0, extra=3, maximum=3)


def sample(chain: Any, lengths: list[int] | None = None, limit: LengthLimit = LIMIT, **choices: Any) -> list[list[Any]]:
    search = Sampling(length_limit=limit, **({"seed": 1} | choices))
    state, source_lengths = chain.start(LENGTHS if lengths is None else lengths)
    return search(chain, state, source_lengths)


def tokens(found: list[list[Hypothesis]]) -> list[list[list[int]]]:
    return [[one.tokens for one in several] for several in found]


@pytest.mark.parametrize(
    "narrow", [{"temperature": 1e-3}, {"temperature": 1e-45}, {"top_k": 1}, {"top_p": 1e-6}], ids=str
)
@pytest.mark.parametrize("ngram", [0, 2])
def test_narrowed_is_greedy(build_chain: Any, narrow: dict[str, Any], ngram: int) -> None:
    chain = build_chain(seed=5, num_words=5)
    state, lengths = chain.start(LENGTHS)
    greedy = Greedy(length_limit=LIMIT, no_repeat_ngram_size=ngram)(chain, state, lengths)
    found = sample(chain, no_repeat_ngram_size=ngram, num_samples=2, **narrow)
    assert tokens(found) == [[one.tokens] * 2 for [one] in greedy]
    assert [several[0].log_prob for several in found] == [one.log_prob for [one] in greedy]


@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_frequencies_are_probabilities(checks: Any, temperature: float) -> None:
    """Pearson's chi-square over all hypotheses of three steps: about as large as its degrees of freedom."""
    chain, count = checks.chain(seed=2, num_words=1, sharpness=1.0), 4000
    leaves = checks.slow(chain=chain, sentence=0, source_length=2, limit=3).exhaustive()
    oracle = checks.slow(chain=chain, sentence=0, source_length=2, limit=3)
    found = Counter((tuple(one.tokens), one.finished) for one in sample(chain, [2], SHORT, num_samples=count,
                    temperature=temperature)[0])  # fmt: skip
    assert set(found) <= {(leaf.tokens, leaf.finished) for leaf in leaves}
    chi_square = 0.0
    for leaf in leaves:
        probability = 1.0
        for step, token in enumerate([*leaf.tokens, chain.eos][: len(leaf.tokens) + leaf.finished]):
            heated = {one: math.exp(value / temperature) for one, value in oracle.follows(leaf.tokens[:step])}
            probability *= heated[token] / sum(heated.values())
        chi_square += (found[leaf.tokens, leaf.finished] - count * probability) ** 2 / (count * probability)
    freedom = len(leaves) - 1
    assert abs(chi_square - freedom) < 4 * math.sqrt(2 * freedom)


def test_the_seed_repeats_everything(build_chain: Any) -> None:
    chain = build_chain(seed=5, num_words=9, sharpness=0.5)
    state, lengths = chain.start(LENGTHS)

    def twice(seed: int) -> list[list[list[list[int]]]]:
        search = Sampling(length_limit=LIMIT, seed=seed, num_samples=3)
        return [tokens(search(chain, state, lengths)) for _ in range(2)]

    torch.manual_seed(1)
    first = twice(0)
    torch.manual_seed(2)
    assert twice(0) == first, "the global generator plays no part"
    assert twice(1) != first
    assert first[0] != first[1], "the generator runs on"


def test_samples_come_best_first_with_their_own_weights(checks: Any) -> None:
    chain = checks.chain(seed=5, num_words=6)
    for sentence, several in enumerate(sample(chain, num_samples=6)):
        assert [one.score for one in several] == sorted((one.log_prob for one in several), reverse=True)
        assert len(several) == 6
        for one in several:
            checks.facts(chain, sentence, LENGTHS[sentence], one)


def test_rules_hold_in_samples(checks: Any) -> None:
    chain = checks.chain(seed=5, eos_bonus=2.0)
    limit = LengthLimit(ratio=0.0, extra=6, maximum=6, minimum=2)
    for one in (
        one for several in sample(chain, None, limit, num_samples=20, no_repeat_ngram_size=2) for one in several
    ):
        assert 2 <= len(one.tokens) <= 6
        assert not {chain.bos, 0} & set(one.tokens)
        assert not checks.repeats(one.tokens, 2)


def test_nothing_may_follow(build_chain: Any) -> None:
    limit = LengthLimit(ratio=0.0, extra=9, maximum=9, minimum=5)
    for several in sample(build_chain(seed=3), None, limit, no_repeat_ngram_size=1, num_samples=3):
        assert [(sorted(one.tokens), one.finished) for one in several] == [([1, 4, 5], False)] * 3


def test_top_k_draws_from_the_k_best(build_chain: Any) -> None:
    chain = build_chain(seed=1, num_words=8, sharpness=0.3)
    limit = LengthLimit(ratio=0.0, extra=1, maximum=1, minimum=0)
    drawn = {tuple(one.tokens) or (chain.eos,) for one in sample(chain, [2], limit, num_samples=400, top_k=3)[0]}
    allowed = {token: value for token, value in enumerate(chain.log_probs(0, ())) if token not in chain.banned}
    assert {token for (token,) in drawn} == set(sorted(allowed, key=lambda token: -allowed[token])[:3])


@settings(deadline=None)
@given(
    rows=st.lists(st.lists(st.floats(-6, 0), min_size=5, max_size=5), min_size=1, max_size=3),
    p=st.floats(0.01, 0.99),
)
def test_the_nucleus_is_the_smallest_set_that_reaches_p(rows: list[list[float]], p: float) -> None:
    log_probs = torch.tensor(rows, dtype=torch.float64)
    values, places = nucleus(log_probs, p)
    for row, kept, where in zip(log_probs.softmax(dim=1).tolist(), values.tolist(), places.tolist(), strict=True):
        inside = [row[place] for place, value in zip(where, kept, strict=True) if value > float("-inf")]
        outside = [row[place] for place, value in zip(where, kept, strict=True) if value == float("-inf")]
        assert sum(inside) >= p - 1e-9
        assert sum(inside[:-1]) < p + 1e-9, "without its least probable token it does not reach p"
        assert min(inside) >= max(outside, default=0.0)


@pytest.mark.parametrize("sharpness", [0.0, 0.3, 10.0])
def test_a_nucleus_of_any_size_is_found(sharpness: float) -> None:
    """Ranking in portions of 64, 512 and all tokens gives what ranking all of them gives."""
    log_probs = torch.randn(4, 2000, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * sharpness
    ranked = log_probs.softmax(dim=1).sort(dim=1, descending=True, stable=True)
    expected = ((ranked.values.cumsum(dim=1) - ranked.values) < 0.9).sum(dim=1)
    values, places = nucleus(log_probs, 0.9)
    kept = values > float("-inf")
    assert kept.sum(dim=1).tolist() == pytest.approx(expected.tolist(), abs=1)
    for row in range(4):
        size = int(kept[row].sum())
        assert places[row, :size].tolist() == ranked.indices[row, :size].tolist()


def test_impossible_places_are_never_drawn() -> None:
    log_probs = torch.full((2000, 6), float("-inf"))
    log_probs[:, 2], log_probs[:, 4] = math.log(0.25), math.log(0.75)
    drawn = Counter(draw(log_probs, torch.Generator().manual_seed(3)).tolist())
    assert set(drawn) == {2, 4}
    assert drawn[4] == pytest.approx(1500, abs=4 * math.sqrt(2000 * 0.25 * 0.75))


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"num_samples": 0}, "num_samples is 0: raise it to 1"),
        ({"temperature": 0.0}, r"temperature must be above 0, but is 0\.0: use search=greedy"),
        ({"top_k": 0}, "top_k must be 1 or more, but is 0: set it to null"),
        ({"top_p": 0.0}, r"top_p must be above 0 and at most 1, but is 0\.0"),
        ({"top_p": 1.5}, r"top_p must be above 0 and at most 1, but is 1\.5: 1\.0 draws from all"),
    ],
)
def test_impossible_choices(choices: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        sample(None, **choices)
