"""Which source positions are real tokens, the only softmax over them, and sums that all of this needs."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def length_mask(lengths: Int[Tensor, " batch"], size: int) -> Bool[Tensor, "batch source"]:
    """True where a position holds a real token: the first `lengths[b]` of `size` positions in row b."""
    return torch.arange(size, device=lengths.device) < lengths.unsqueeze(1)


def widened(tensor: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The tensor in float32 at least: what sums and exponentials need when the rest runs in bfloat16."""
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def product_type(tensor: Tensor) -> torch.dtype:
    """The type in which products with this tensor run: autocast's where that is on."""
    kind = tensor.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else tensor.dtype


def masked_softmax(scores: Float[Tensor, "*shape"], mask: Bool[Tensor, "*#shape"]) -> Float[Tensor, "*shape"]:
    """Softmax over the last axis where `mask` is True; the rest gets exactly 0, whatever its score (NaN too).

    The sum is taken in float32 at least, so that bfloat16 weights of a long source still sum to 1 within rounding.
    A row without a single real position gets all zeros instead of NaN.
    """
    weights = widened(scores).masked_fill(~mask, float("-inf")).softmax(dim=-1)
    return weights.masked_fill(~mask, 0.0).to(scores.dtype)


def running_sum(values: Float[Tensor, "*shape"], dim: int) -> Float[Tensor, "*shape"]:
    """The sum of all entries up to each one; torch's, unless it is to be deterministic, which it is not on a GPU."""
    if not torch.are_deterministic_algorithms_enabled():
        return values.cumsum(dim)
    size = values.shape[dim]
    return (values.movedim(dim, -1) @ values.new_ones(size, size).triu()).movedim(-1, dim)
