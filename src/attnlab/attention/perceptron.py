"""A one-layer perceptron that reads query and memory together, in bounded memory."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from attnlab.masking import widened

KEPT: Final = 2**26
"""Numbers the graph may keep for one target: 256 MiB in float32.

Recomputation costs a loop of single steps about as much time again as its scores (measured on a CPU), and memory does
not matter for usual sentences: 64 of 40 words with keys of 512 stay below. 64 of 200 words would take 5 GiB.
"""
CPU_CHUNK: Final = 2**18
"""Numbers worked on at once: 1 MiB in float32 stays in a core's cache, which makes up for the recomputation."""
CHUNK: Final = 2**22
"""The same on accelerators, which would be done with a smaller chunk before the next is launched."""


def perceptron_scores(
    query: Float[Tensor, "batch target key"],
    keys: Float[Tensor, "batch source key"],
    vector: Float[Tensor, " key"],
) -> Float[Tensor, "batch target source"]:
    """v^T tanh(query + keys) for every pair of a projected query and a key.

    The tanh matters: without it the query adds one constant to every position, and softmax removes it.
    """
    if pairs_fit(query, keys):
        return direct_scores(query, keys, vector)
    return recomputed_scores(query, keys, vector, chunk=CPU_CHUNK if query.device.type == "cpu" else CHUNK)


def pairs_fit(query: Float[Tensor, "batch target _"], keys: Float[Tensor, "batch source key"]) -> bool:
    """Whether the graph may keep a number for every entry of every pair of a step and a position.

    A step does not know how many steps there will be, and all that they keep is alive at once: it reckons with a target
    as long as the source. A compiler decides by itself what it keeps.
    """
    if torch.compiler.is_compiling():
        return True
    (batch, target), (source, key) = query.shape[:2], keys.shape[1:]
    return batch * max(target, source) * source * key <= KEPT


def direct_scores(
    query: Float[Tensor, "batch target key"],
    keys: Float[Tensor, "batch source key"],
    vector: Float[Tensor, " key"],
) -> Float[Tensor, "batch target source"]:
    """The reference: makes (batch, target, source, key) numbers, and the graph keeps them."""
    return (query.unsqueeze(2) + keys.unsqueeze(1)).tanh() @ vector


def recomputed_scores(
    query: Float[Tensor, "batch target key"],
    keys: Float[Tensor, "batch source key"],
    vector: Float[Tensor, " key"],
    *,
    chunk: int,
) -> Float[Tensor, "batch target source"]:
    """`direct_scores` by chunks of sentences and steps, whose tanh is computed again for the gradient.

    Sums are taken in float32 at least. There is no second derivative.

    Args:
        query: projected queries.
        keys: projected memory.
        vector: v.
        chunk: how many numbers to work on at once; one step of one sentence is the least.
    """
    scores: Tensor = _Recomputed.apply(query, keys, vector, chunk)  # type: ignore[no-untyped-call]
    return scores


class _Recomputed(Function):
    """With T = tanh(query + keys): the gradient by v sums g T, by query and by keys it sums g (1 - T^2), times v."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, keys: Tensor, vector: Tensor, chunk: int) -> Tensor:
        ctx.save_for_backward(query, keys, vector)
        pairs = keys.shape[1] * keys.shape[2]
        ctx.sentences, ctx.steps = max(1, chunk // (query.shape[1] * pairs)), max(1, chunk // pairs)
        dtype = torch.promote_types(query.dtype, keys.dtype)
        scores = query.new_empty(*query.shape[:2], keys.shape[1], dtype=dtype)
        wide_vector = widened(vector)
        with torch.autocast(query.device.type, enabled=False):
            for query_rows, keys_rows, scores_rows in _split((query, keys, scores), ctx.sentences, dim=0):
                wide_keys = widened(keys_rows)
                for queries, out in _split((query_rows, scores_rows), ctx.steps, dim=1):
                    out.copy_(_bent(queries, wide_keys) @ wide_vector)
        return scores

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        query, keys, vector = ctx.saved_tensors
        query_grad, keys_grad = torch.empty_like(query), torch.empty_like(keys)
        wide_vector = widened(vector)
        vector_grad = torch.zeros_like(wide_vector)
        with torch.autocast(query.device.type, enabled=False):
            for sentences in _split((query, keys, grad, query_grad, keys_grad), ctx.sentences, dim=0):
                query_rows, keys_rows, grad_rows, query_grad_rows, keys_grad_rows = sentences
                wide_keys = widened(keys_rows)
                keys_sum = torch.zeros_like(wide_keys)
                for queries, grads, out in _split((query_rows, grad_rows, query_grad_rows), ctx.steps, dim=1):
                    bent, wide_grads = _bent(queries, wide_keys), widened(grads)
                    vector_grad += wide_grads.flatten() @ bent.flatten(0, 2)
                    each = wide_grads.unsqueeze(-1)
                    inner = torch.addcmul(each, each, bent.square_(), value=-1, out=bent)
                    out.copy_(inner.sum(dim=2) * wide_vector)
                    keys_sum += inner.sum(dim=1)
                keys_grad_rows.copy_(keys_sum * wide_vector)
        return query_grad, keys_grad, vector_grad.to(vector.dtype), None


def _bent(queries: Tensor, wide_keys: Tensor) -> Tensor:
    return (widened(queries).unsqueeze(2) + wide_keys.unsqueeze(1)).tanh_()


def _split(tensors: Sequence[Tensor], size: int, *, dim: int) -> Iterator[tuple[Tensor, ...]]:
    """The same pieces of several tensors, as views."""
    return zip(*(tensor.split(size, dim) for tensor in tensors), strict=True)
