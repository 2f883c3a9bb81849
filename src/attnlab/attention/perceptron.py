"""A one-layer perceptron that reads query and memory together, shared by `Concat` and `Additive`."""

from jaxtyping import Float
from torch import Tensor


def perceptron_scores(
    query: Float[Tensor, "batch target key"],
    keys: Float[Tensor, "batch source key"],
    vector: Float[Tensor, " key"],
) -> Float[Tensor, "batch target source"]:
    """v^T tanh(query + keys) for every pair of a projected query and a key.

    The tanh matters: without it the query adds one constant to every position, and softmax removes it.
    """
    return (query.unsqueeze(2) + keys.unsqueeze(1)).tanh() @ vector
