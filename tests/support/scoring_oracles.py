"""Each scoring function as its paper writes it, one query and one memory state at a time.

An oracle gets the function's parameters by name, one query (hidden,), one memory state (memory,) and its position.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

Weights = Mapping[str, Tensor]
Oracle = Callable[[Weights, Tensor, Tensor, int], Tensor]


def dot(weights: Weights, query: Tensor, state: Tensor, position: int) -> Tensor:
    return (query * state).sum()


def general(weights: Weights, query: Tensor, state: Tensor, position: int) -> Tensor:
    return (query * (weights["memory_projection.weight"] @ state)).sum()


def concat(weights: Weights, query: Tensor, state: Tensor, position: int) -> Tensor:
    return (weights["vector.weight"][0] * torch.tanh(weights["projection.weight"] @ torch.cat([query, state]))).sum()


def additive(weights: Weights, query: Tensor, state: Tensor, position: int) -> Tensor:
    inner = weights["query_projection.weight"] @ query + weights["memory_projection.weight"] @ state
    return (weights["vector.weight"][0] * torch.tanh(inner)).sum()


def location(weights: Weights, query: Tensor, state: Tensor, position: int) -> Tensor:
    return (weights["positions.weight"] @ query)[position]


def uniform(weights: Weights, query: Tensor, state: Tensor, position: int) -> Tensor:
    return torch.zeros((), dtype=query.dtype)


ORACLES: dict[str, Oracle] = {
    "dot": dot,
    "general": general,
    "concat": concat,
    "additive": additive,
    "location": location,
    "uniform": uniform,
}
