"""Each window as Luong et al. (2015), section 3.2, write it, one query at a time.

An oracle gets the window's parameters by name, D, one query (hidden,), the number of its step and the scores of the
source's real positions, and gives their weights.
"""

from collections.abc import Callable, Mapping
from math import exp

import torch
from torch import Tensor

Oracle = Callable[[Mapping[str, Tensor], int, Tensor, int, list[float]], list[float]]


def softmax_between(low: float, high: float, scores: list[float]) -> list[float]:
    powers = [exp(score) if low <= position <= high else 0.0 for position, score in enumerate(scores)]
    return [power / sum(powers) for power in powers]


def global_(weights: Mapping[str, Tensor], reach: int, query: Tensor, step: int, scores: list[float]) -> list[float]:
    return softmax_between(0, len(scores), scores)


def local_m(weights: Mapping[str, Tensor], reach: int, query: Tensor, step: int, scores: list[float]) -> list[float]:
    center = min(step, len(scores) - 1)
    return softmax_between(center - reach, center + reach, scores)


def local_p(weights: Mapping[str, Tensor], reach: int, query: Tensor, step: int, scores: list[float]) -> list[float]:
    bent = torch.tanh(weights["projection.weight"] @ query)
    logit = (weights["vector.weight"][0] * bent).sum().item()
    center = len(scores) / (1 + exp(-logit))
    deviation = reach / 2
    aligned = softmax_between(center - reach, center + reach, scores)
    return [weight * exp(-((position - center) ** 2) / (2 * deviation**2)) for position, weight in enumerate(aligned)]


ORACLES: dict[str, Oracle] = {"global": global_, "local_m": local_m, "local_p": local_p}
