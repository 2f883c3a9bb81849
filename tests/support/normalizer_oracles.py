"""Each normalizer as its paper defines it, one row of real positions at a time, in Python's own floats.

An oracle gets the numbers of the yaml and the values of the parameters by name, the scores of one row without its
padding, and the weights of the step before on the same positions. The sparse ones search: they try every set of
positions as the support, or halve an interval, and know nothing of sorting or of Newton's method.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from math import exp, sqrt

Oracle = Callable[[Mapping[str, float], Sequence[float], Sequence[float]], list[float]]


def sigmoid(number: float) -> float:
    return 1 / (1 + exp(-number)) if number >= 0 else exp(number) / (1 + exp(number))


def softmax_at(temperature: float, scores: Sequence[float]) -> list[float]:
    best = max(scores)
    powers = [exp((score - best) / temperature) for score in scores]
    return [power / sum(powers) for power in powers]


def softmax(values: Mapping[str, float], scores: Sequence[float], before: Sequence[float]) -> list[float]:
    return softmax_at(values["temperature"], scores)


def softmax_learned_temperature(
    values: Mapping[str, float], scores: Sequence[float], before: Sequence[float]
) -> list[float]:
    return softmax_at(exp(values["log_temperature"]), scores)


def supports(scores: Sequence[float]) -> Iterator[list[float]]:
    for size in range(1, len(scores) + 1):
        for chosen in combinations(scores, size):
            yield list(chosen)


def sparsemax(values: Mapping[str, float], scores: Sequence[float], before: Sequence[float]) -> list[float]:
    """The support is the one whose threshold lies below all its scores and above no other."""
    for support in supports(scores):
        threshold = (sum(support) - 1) / len(support)
        weights = [max(score - threshold, 0.0) for score in scores]
        if abs(sum(weights) - 1) < 1e-12:
            return weights
    raise AssertionError


def entmax15(values: Mapping[str, float], scores: Sequence[float], before: Sequence[float]) -> list[float]:
    """As sparsemax; the threshold is the smaller root of sum((s / 2 - threshold)^2) = 1 over the support."""
    best = max(scores)
    for support in supports([(score - best) / 2 for score in scores]):
        mean = sum(support) / len(support)
        rest = mean**2 - (sum(score**2 for score in support) - 1) / len(support)
        if rest >= 0:
            threshold = mean - sqrt(rest)
            weights = [max((score - best) / 2 - threshold, 0.0) ** 2 for score in scores]
            if abs(sum(weights) - 1) < 1e-12:
                return weights
    raise AssertionError


def entmax(values: Mapping[str, float], scores: Sequence[float], before: Sequence[float]) -> list[float]:
    """Halves the interval in which the threshold lies until no number is left inside."""
    excess = 0.001 + 0.999 * sigmoid(values["logit"])
    best = max(scores)

    def weights_at(threshold: float) -> list[float]:
        return [max(excess * (score - best) - threshold, 0.0) ** (1 / excess) for score in scores]

    low, high = -1.0, 0.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(weights_at(middle)) >= 1 else (low, middle)
    return weights_at(low)


def monotonic(values: Mapping[str, float], scores: Sequence[float], before: Sequence[float]) -> list[float]:
    """Equation 9 of the paper: from every start k, on to position s, and stop there."""
    stop = [sigmoid(score + values["offset"]) for score in scores]
    weights = []
    for end, chance in enumerate(stop):
        arrive = 0.0
        for start in range(end + 1):
            walk = before[start]
            for passed in range(start, end):
                walk *= 1 - stop[passed]
            arrive += walk
        weights.append(chance * arrive)
    return weights


ORACLES: dict[str, Oracle] = {
    "softmax": softmax,
    "softmax_learned_temperature": softmax_learned_temperature,
    "sparsemax": sparsemax,
    "entmax15": entmax15,
    "entmax": entmax,
    "monotonic": monotonic,
}
