"""Each scoring function as its paper writes it, one query and one memory state at a time.

An oracle gets the function's parameters by name, one query (hidden,), one memory state (memory,) and its position.
"""

import math
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


def scaled_dot(weights: Weights, query: Tensor, state: Tensor, position: int) -> Tensor:
    return (query * state).sum() / math.sqrt(len(query))


def scaled_general(weights: Weights, query: Tensor, state: Tensor, position: int) -> Tensor:
    return weights["factor"] * general(weights, query, state, position)


def concat_unweighted(weights: Weights, query: Tensor, state: Tensor, position: int) -> Tensor:
    return (weights["vector.weight"][0] * torch.tanh(state + weights["query_projection.weight"] @ query)).sum()


def normalized_additive(weights: Weights, query: Tensor, state: Tensor, position: int) -> Tensor:
    vector = weights["vector.weight"][0]
    inner = weights["query_projection.weight"] @ query + weights["memory_projection.weight"] @ state + weights["bias"]
    return weights["gain"] * (vector * torch.tanh(inner)).sum() / vector.square().sum().sqrt()


def cosine(weights: Weights, query: Tensor, state: Tensor, position: int) -> Tensor:
    lengths = query.square().sum().sqrt() * state.square().sum().sqrt()
    return torch.exp(weights["log_sharpness"]) * (query * state).sum() / lengths


def low_rank(weights: Weights, query: Tensor, state: Tensor, position: int) -> Tensor:
    matrix = weights["query_projection.weight"].T @ weights["memory_projection.weight"]
    return (query * (matrix @ state)).sum()


ORACLES: dict[str, Oracle] = {
    "dot": dot,
    "general": general,
    "concat": concat,
    "additive": additive,
    "location": location,
    "uniform": uniform,
    "scaled_dot": scaled_dot,
    "scaled_general": scaled_general,
    "concat_unweighted": concat_unweighted,
    "normalized_additive": normalized_additive,
    "cosine": cosine,
    "low_rank": low_rank,
}
