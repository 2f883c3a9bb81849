"""Each scoring function with several heads for one query and one memory state, and how several heads read.

`weights` are the module's parameters by name; a query is (hidden,), a memory state (memory,). A score has an entry for
each head.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

Weights = Mapping[str, Tensor]
Oracle = Callable[[Weights, Tensor, Tensor, int], Tensor]


def slices(vector: Tensor, num_heads: int) -> list[Tensor]:
    size = len(vector) // num_heads
    return [vector[head * size : (head + 1) * size] for head in range(num_heads)]


def multi_head_dot(weights: Weights, query: Tensor, state: Tensor, num_heads: int) -> Tensor:
    pairs = zip(slices(query, num_heads), slices(state, num_heads), strict=True)
    return torch.stack([(q * m).sum() for q, m in pairs])


def multi_head_general(weights: Weights, query: Tensor, state: Tensor, num_heads: int) -> Tensor:
    rows = len(query) // num_heads
    scores = []
    for head, q in enumerate(slices(query, num_heads)):
        of_head = weights["memory_projection.weight"][head * rows : (head + 1) * rows]
        scores.append((q * (of_head @ state)).sum())
    return torch.stack(scores)


def context(weights: Weights, heads: Tensor, states: Tensor) -> Tensor:
    """What heads with weights (heads, source) read of states (source, memory)."""
    pieces = []
    for head, of_head in enumerate(heads):
        size = states.shape[1] // len(heads)
        piece = torch.zeros(size, dtype=states.dtype)
        for weight, state in zip(of_head, states, strict=True):
            piece = piece + weight * state[head * size : (head + 1) * size]
        pieces.append(piece)
    together = torch.cat(pieces)
    return weights["output_projection.weight"] @ together if "output_projection.weight" in weights else together


ORACLES: dict[str, Oracle] = {"multi_head_dot": multi_head_dot, "multi_head_general": multi_head_general}
