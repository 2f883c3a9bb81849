import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.significance import PairedTest

from attnlab.errors import DataError, ShapeError
from attnlab.evaluation.intervals import estimate, student_quantile
from attnlab.evaluation.significance import (
    Difference,
    bleu_of,
    bleu_statistics,
    compare_drops,
    compare_systems,
    drop,
    holm,
    interval,
)

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class World:
    """Sentences and seeds of which the truth is known.

    A word is right with probability logistic(level + luck of the seed + ease of the sentence + noise of this seed in
    this sentence), each normal with its own deviation; n words in a row are right with the nth power of that.
    """

    ease: float
    luck: float
    noise: float
    sentences: int = 150

    def runs(self, chance: np.random.Generator, seeds: Sequence[int], levels: Sequence[float]) -> list[list[Counts]]:
        """Systems of so many seeds, on the same new sentences."""
        lengths = chance.integers(4, 20, size=self.sentences)
        ease = chance.normal(0, self.ease, size=self.sentences)
        ngrams = np.stack([lengths - order for order in range(4)], axis=1)
        systems = []
        for count, level in zip(seeds, levels, strict=True):
            luck = chance.normal(level, self.luck, size=(count, 1))
            right = 1 / (1 + np.exp(-(luck + ease + chance.normal(0, self.noise, size=(count, self.sentences)))))
            matches = chance.binomial(ngrams, right[..., None] ** [1, 2, 3, 4])
            systems.append(
                [np.concatenate([lengths[:, None], lengths[:, None], own, ngrams], axis=1) for own in matches]
            )
        return systems

    def bleu(self, level: float) -> float:
        """Mean over all seeds of the BLEU on all sentences, by Gauss-Hermite quadrature."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(31)
        weights = weights / weights.sum()
        right = 1 / (1 + np.exp(-(level + self.luck * nodes[:, None] + math.hypot(self.ease, self.noise) * nodes)))
        mean_length = 11.5
        ngrams = np.broadcast_to(mean_length - np.arange(4.0), (len(nodes), 4))
        matches = ngrams * np.einsum("slo,l->so", right[..., None] ** [1, 2, 3, 4], weights)
        lengths = np.full((len(nodes), 2), mean_length)
        return float(bleu_of(np.concatenate([lengths, matches, ngrams], axis=1)) @ weights)


def holds(found: Difference, truth: float) -> bool:
    return found.low <= truth <= found.high


def test_intervals_hold_the_truth_and_equal_systems_are_found_equal() -> None:
    """Three seeds, of which 95 % of 1,200 simulated studies hold: a standard error is 0.6 %."""
    world, chance, studies = World(ease=1.0, luck=0.2, noise=0.5), np.random.default_rng(0), 1200
    truth, worse = world.bleu(1.5), world.bleu(1.0)
    held = difference = wrong = 0
    for study in range(studies):
        first, equal, other = world.runs(chance, [3, 3, 3], [1.5, 1.5, 1.0])
        one = interval(first, resamples=200, seed=study)
        assert one.half_width is not None
        held += abs(one.mean - truth) <= one.half_width
        difference += holds(compare_systems(first, other, resamples=200, seed=study), truth - worse)
        wrong += compare_systems(first, equal, resamples=200, seed=study).p_value < 0.05
    assert 0.93 <= held / studies <= 0.97
    assert 0.93 <= difference / studies <= 0.97
    assert wrong / studies <= 0.05


SLOW_WORLDS = {
    "sentences": World(ease=1.5, luck=0.01, noise=0.05),
    "own mistakes": World(ease=0.2, luck=0.01, noise=1.5),
    "seeds": World(ease=0.2, luck=0.5, noise=0.2),
    "all": World(ease=1.0, luck=0.12, noise=0.7),
}


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [(3, 3, 3), (5, 5, 5), (3, 1, 1), (5, 1, 1)])
@pytest.mark.parametrize("world", SLOW_WORLDS.values(), ids=SLOW_WORLDS)
def test_every_interval_holds_the_truth_wherever_the_variance_comes_from(
    world: World, seeds: tuple[int, int, int]
) -> None:
    """4,000 studies: three standard errors are 1 %."""
    chance, studies, levels = np.random.default_rng(1), 4000, [1.5, 1.0, 1.5]
    short, long = np.arange(0, 100), np.arange(100, world.sentences)
    truth = [world.bleu(level) for level in levels]
    held, wrong = Counter[str](), 0
    for study in range(studies):
        first, worse, equal = world.runs(chance, seeds, levels)
        one = interval(first, resamples=200, seed=study)
        assert one.half_width is not None
        held["interval"] += abs(one.mean - truth[0]) <= one.half_width
        held["difference"] += holds(compare_systems(first, worse, resamples=200, seed=study), truth[0] - truth[1])
        held["drop"] += holds(drop(first, short, long, resamples=200, seed=study), 0.0)
        held["drops"] += holds(compare_drops(first, worse, short, long, resamples=200, seed=study), 0.0)
        wrong += compare_systems(first, equal, resamples=200, seed=study).p_value < 0.05
    shares = {name: count / studies for name, count in held.items()}
    assert all(0.93 - 0.01 <= share <= 0.97 + 0.01 for share in shares.values()), shares
    assert wrong / studies <= 0.05 + 0.01


def texts(seed: int, *, errors: Sequence[float], sentences: int = 200) -> tuple[list[str], list[list[str]]]:
    """References and systems that get each word wrong with a probability of their own."""
    chance = np.random.default_rng(seed)
    words = np.array([f"w{index}" for index in range(50)])
    references = [chance.choice(words, size=chance.integers(3, 20)) for _ in range(sentences)]
    systems = [
        [" ".join(np.where(chance.random(len(said)) < error, "Wrong", said)) for said in references] for error in errors
    ]
    return [" ".join(said) for said in references], systems


def count(hypotheses: Sequence[str], references: Sequence[str]) -> Counts:
    return bleu_statistics(hypotheses, references, tokenize="none", lowercase=False)


def paired_test(kind: str, systems: Sequence[Sequence[str]], references: Sequence[str], samples: int) -> float:
    metrics: dict[str, Metric] = {"BLEU": BLEU(tokenize="none", force=True)}
    named = [(str(place), said) for place, said in enumerate(systems)]
    result = PairedTest(named, metrics, [references], test_type=kind, n_samples=samples)()[1]["BLEU"][1]
    assert not isinstance(result, str)
    assert result.p_value is not None
    return float(result.p_value)


@pytest.mark.parametrize(("seed", "error"), [(0, 0.2), (2, 0.22), (3, 0.24)])
def test_p_values_are_those_of_sacrebleu(seed: int, error: float) -> None:
    """One seed each, so that only sentences count. The randomization test of sacreBLEU is two-sided, as ours.

    Its paired bootstrap counts draws whose absolute difference exceeds the mean absolute difference by the difference
    itself, which is about half of the two-sided p-value. With D ~ N(mean, error^2), which is what our interval claims,
    it is P(|D| > E|D| + |mean|), where |D| is a folded normal variable.
    """
    references, systems = texts(seed, errors=[0.2, error])
    ours = compare_systems([count(systems[0], references)], [count(systems[1], references)], resamples=2000, seed=seed)
    deviation = (ours.high - ours.low) / 2 / student_quantile(0.95, degrees=199)
    mean, unit = abs(ours.mean) / deviation, NormalDist()
    bound = mean + math.sqrt(2 / math.pi) * math.exp(-(mean**2) / 2) + mean * (1 - 2 * unit.cdf(-mean))
    for kind, expected in {"ar": ours.p_value, "bs": unit.cdf(mean - bound) + unit.cdf(-mean - bound)}.items():
        noise = 3 * math.sqrt(expected * (1 - expected) / 2000)
        assert paired_test(kind, systems, references, 2000) == pytest.approx(expected, abs=noise + 0.01)


@given(
    st.lists(st.tuples(st.text("abA .", max_size=20), st.text("abA .", max_size=20)), min_size=1, max_size=6),
    st.sampled_from(["none", "13a"]),
    st.booleans(),
)
def test_bleu_is_that_of_sacrebleu(pairs: list[tuple[str, str]], tokenize: str, lowercase: bool) -> None:
    hypotheses, references = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    statistics = bleu_statistics(hypotheses, references, tokenize=tokenize, lowercase=lowercase)
    theirs = BLEU(tokenize=tokenize, lowercase=lowercase, force=True).corpus_score(hypotheses, [references])
    assert bleu_of(statistics.sum(axis=0)) == pytest.approx(theirs.score, abs=1e-9)


def test_many_corpora_at_once_are_each_scored_alone() -> None:
    """Among them one without a match, one of three words, one empty, and one for each number of smoothed orders."""
    references = ["a b c d e", "a b c d e", "a b c", "", "a b c d e", "a b c d e", "a b c d e"]
    hypotheses = ["a b c d e", "v w x y z", "a b c", "", "a b c x e f", "a b x d e", "a x y z"]
    statistics = count(hypotheses, references)
    metric = BLEU(tokenize="none")
    theirs = [metric.corpus_score([said], [[meant]]).score for said, meant in zip(hypotheses, references, strict=True)]
    np.testing.assert_allclose(bleu_of(statistics), theirs, atol=1e-9)
    np.testing.assert_allclose(bleu_of(np.stack([statistics, statistics])), [theirs, theirs], atol=1e-9)


def copies(bleu_words: int) -> Counts:
    """A run with the same counts in each of its 40 sentences: no draw of them differs from another."""
    return np.tile([10, 10, bleu_words, 7, 6, 5, 10, 9, 8, 7], (40, 1))


def test_where_sentences_are_alike_the_interval_is_that_of_the_seeds() -> None:
    runs = [copies(words) for words in (8, 9, 10)]
    expected = estimate([float(bleu_of(run.sum(axis=0))) for run in runs])
    found = interval(runs, resamples=10, seed=0)
    assert (found.mean, found.half_width, found.count) == pytest.approx((expected.mean, expected.half_width, 3))


def test_where_seeds_are_alike_the_interval_is_that_of_the_sentences() -> None:
    (run,) = World(1.0, 0.0, 0.0).runs(np.random.default_rng(0), [1], [1.0])[0]
    one, three = (interval([run] * seeds, resamples=100, seed=0) for seeds in (1, 3))
    assert (three.mean, three.half_width) == pytest.approx((one.mean, one.half_width))


def test_a_difference_of_means_by_hand() -> None:
    """BLEU grows with the fourth root of the words that are right, so 8, 9 and 10 are b 8^(1/4), b 9^(1/4), b 10^(1/4).

    Welch's test of three seeds against two: variances s1^2 / 3 and s2^2 / 2, degrees sum^2 / (first^2 / 2 + second^2).
    """
    b = 100 * (7 * 6 * 5 / (10 * 9 * 8 * 7)) ** 0.25
    first, second = [b * words**0.25 for words in (8, 9, 10)], [b * words**0.25 for words in (6, 8)]
    parts = np.var(first, ddof=1) / 3, np.var(second, ddof=1) / 2
    found = compare_systems([copies(n) for n in (8, 9, 10)], [copies(n) for n in (6, 8)], resamples=10, seed=0)
    assert found.mean == pytest.approx(np.mean(first) - np.mean(second))
    degrees = sum(parts) ** 2 / (parts[0] ** 2 / 2 + parts[1] ** 2)
    half_width = (found.high - found.low) / 2
    lower, upper = (student_quantile(0.95, degrees=whole) for whole in (math.ceil(degrees), math.floor(degrees)))
    assert lower < half_width / math.sqrt(sum(parts)) < upper
    assert (found.seeds, found.sentences) == (3, 40)


def test_one_run_varies_as_those_beside_it() -> None:
    """Student's test of three runs against one, with the variance of the three: s^2 / 3 + s^2, two degrees."""
    many = [copies(words) for words in (8, 9, 10)]
    scores = [float(bleu_of(run.sum(axis=0))) for run in many]
    found = compare_systems(many, [copies(6)], resamples=10, seed=0)
    error = np.std(scores, ddof=1) * math.sqrt(1 / 3 + 1)
    assert (found.high - found.low) / 2 == pytest.approx(error * student_quantile(0.95, degrees=2))
    back = compare_systems([copies(6)], many, resamples=10, seed=0)
    assert (back.mean, back.p_value, back.seeds) == pytest.approx((-found.mean, found.p_value, 3))


def test_a_difference_is_read_from_either_side() -> None:
    first, second = World(1.0, 0.1, 0.3).runs(np.random.default_rng(0), [3, 4], [1.2, 1.0])
    found = compare_systems(first, second, resamples=200, seed=5)
    back = compare_systems(second, first, resamples=200, seed=5)
    assert (back.mean, back.low, back.high, back.p_value) == pytest.approx(
        (-found.mean, -found.high, -found.low, found.p_value)
    )
    assert found == compare_systems(first, second, resamples=200, seed=5)
    assert (found.p_value < 0.05) == (not found.low <= 0 <= found.high)


def test_drops_are_differences_of_bleu_between_selections() -> None:
    system, other = World(1.0, 0.1, 0.3).runs(np.random.default_rng(0), [3, 3], [1.2, 0.5])
    short, long = np.arange(60), np.arange(100, 150)
    losses = [
        np.mean([bleu_of(run[short].sum(axis=0)) - bleu_of(run[long].sum(axis=0)) for run in runs])
        for runs in (system, other)
    ]
    found = drop(system, short, long, resamples=50, seed=0)
    assert (found.mean, found.seeds, found.sentences) == pytest.approx((losses[0], 3, 50))
    apart = compare_drops(system, other, short, long, resamples=50, seed=0)
    assert (apart.mean, apart.seeds, apart.sentences) == pytest.approx((losses[0] - losses[1], 3, 50))


def test_a_system_does_not_differ_from_itself() -> None:
    runs = [copies(8), copies(8)]
    assert compare_systems(runs, runs, resamples=10, seed=0) == Difference(0.0, 0.0, 0.0, 1.0, 2, 2, 40)


def test_systems_that_always_differ_do() -> None:
    found = compare_systems([copies(9)], [copies(8)], resamples=10, seed=0)
    assert (found.p_value, found.low, found.high) == (0.0, found.mean, found.mean)


def test_holm_by_hand() -> None:
    """Sorted 0.005, 0.01, 0.03, 0.04, times 4, 3, 2, 1: 0.02, 0.03, 0.06, 0.04; the last is raised to 0.06."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.8, 0.6]) == [1.0, 1.0]
    assert holm([0.3]) == [0.3]
    assert holm([]) == []


def test_runs_on_other_sentences_are_refused() -> None:
    with pytest.raises(ShapeError, match="on the same sentences, but one has 39 and another 40: pass the same"):
        compare_systems([copies(8)], [copies(8)[1:]], seed=0)


def test_too_little_is_refused() -> None:
    with pytest.raises(DataError, match="judged by its runs, but one has none"):
        interval([], seed=0)
    with pytest.raises(DataError, match="judged by its runs, but one has none"):
        compare_systems([copies(8)], [], seed=0)
    with pytest.raises(DataError, match="at least two sentences, but there are 1: choose a larger"):
        drop([copies(8)], np.array([0]), np.array([1, 2]), seed=0)


def test_selections_that_share_sentences_are_refused() -> None:
    with pytest.raises(DataError, match="sentences that differ, but 2 are in both selections: take disjoint"):
        drop([copies(8)], np.arange(5), np.arange(3, 9), seed=0)


def test_hypotheses_without_a_reference_are_refused() -> None:
    with pytest.raises(ShapeError, match="there are 2 hypotheses and 1 references: pass the two in the same order"):
        count(["a", "b"], ["a"])
