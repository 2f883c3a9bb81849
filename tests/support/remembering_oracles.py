"""Each score that remembers, as its formula stands, for one query and one position of one memory.

`weights` are the module's parameters by name; a query is (hidden,), the states are (source, memory), what is known of
the steps before is (source,): the weights of the last one and the sum over all.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

Weights = Mapping[str, Tensor]
Oracle = Callable[[Weights, Tensor, Tensor, int, Tensor, Tensor], Tensor]


def perceptron(weights: Weights, query: Tensor, state: Tensor, remembered: Tensor) -> Tensor:
    inner = weights["query_projection.weight"] @ query + weights["memory_projection.weight"] @ state
    inner = inner + weights["memory_projection.bias"] + remembered
    return (weights["vector.weight"][0] * torch.tanh(inner)).sum()


def location_aware(
    weights: Weights, query: Tensor, states: Tensor, position: int, before: Tensor, covered: Tensor
) -> Tensor:
    filters = weights["filters.weight"]
    features = []
    for row in filters[:, 0]:
        feature = torch.zeros((), dtype=query.dtype)
        for offset, factor in enumerate(row):
            seen = position + offset - len(row) // 2
            if 0 <= seen < len(states):
                feature = feature + factor * before[seen]
        features.append(feature)
    remembered = weights["filter_projection.weight"] @ torch.stack(features)
    return perceptron(weights, query, states[position], remembered)


def coverage(weights: Weights, query: Tensor, states: Tensor, position: int, before: Tensor, covered: Tensor) -> Tensor:
    remembered = weights["coverage_projection.weight"][:, 0] * covered[position]
    return perceptron(weights, query, states[position], remembered)


ORACLES: dict[str, Oracle] = {"location_aware": location_aware, "coverage": coverage}
