"""How attention between tokens becomes attention between words, which a gold alignment can be held against."""

import re
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from attnlab.errors import DataError, ShapeError


def merge_weights(
    weights: Float[Tensor, "target source"], source_words: Sequence[int], target_words: Sequence[int]
) -> Float[Tensor, "target_words source_words"]:
    """Weights between words: the pieces of a source word add up, those of a target word are averaged.

    Each row still sums to 1 if it did before. Koehn & Knowles (2017), section 3.5.

    Args:
        weights: of each target token over the source tokens.
        source_words: for each source token the index of its word (give EOS an index of its own).
        target_words: the same for target tokens.

    Raises:
        ShapeError: another number of indices than of tokens.
    """
    if weights.shape != (len(target_words), len(source_words)):
        raise ShapeError(
            f"Each token belongs to one word, but weights of {weights.shape[0]} target and {weights.shape[1]} source "
            f"tokens came with {len(target_words)} and {len(source_words)} words: count EOS in both or in neither."
        )
    columns = _membership(source_words, weights)
    rows = _membership(target_words, weights)
    return rows.T / rows.sum(dim=0).clamp(min=1).unsqueeze(1) @ weights @ columns


def read_alignment(text: str) -> set[tuple[int, int]]:
    """Links (source word, target word) of an alignment in Pharaoh format, "0-0 1-2".

    Raises:
        DataError: a part of it is no link.
    """
    links = set()
    for link in text.split():
        found = re.fullmatch(r"(\d+)-(\d+)", link)
        if found is None:
            raise DataError(
                f"An alignment is written as source-target links such as 0-0 1-2, but this one holds {link!r}: mend it."
            )
        links.add((int(found[1]), int(found[2])))
    return links


def _membership(words: Sequence[int], like: Tensor) -> Float[Tensor, "tokens words"]:
    """1 where a token belongs to a word."""
    table = torch.zeros(len(words), max(words, default=-1) + 1, dtype=like.dtype, device=like.device)
    table[torch.arange(len(words)), torch.tensor(words, dtype=torch.long)] = 1
    return table
