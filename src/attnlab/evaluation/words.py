"""How attention between tokens becomes attention between words, which a gold alignment can be held against."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from attnlab.data.lengths import word_count
from attnlab.errors import ShapeError
from attnlab.text.tokenizer import Tokenizer


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


def word_weights(
    weights: Float[Tensor, "target source"], source_words: Sequence[int], target_words: Sequence[int]
) -> Float[Tensor, "target_words places"]:
    """Weights of each target word over the source words and, in the last column, EOS.

    Args:
        weights: of each target token over the source tokens, EOS being the last of these; a row for EOS is dropped.
        source_words: for each source token but EOS the index of its word.
        target_words: for each target token but EOS the index of its word.
    """
    eos = max(source_words, default=-1) + 1
    return merge_weights(weights[: len(target_words)], [*source_words, eos], target_words)


def words_of(tokenizer: Tokenizer, ids: Sequence[int]) -> list[int]:
    """For each id the index of its word in `tokenizer.decode(ids).split()`; no index at all if there is no word.

    An id that adds nothing to read, such as the space before a word, belongs to the word after it, or at the end to
    the last. For the ids of a text this is `tokenizer.word_indices`, but a model may spell a word in another way.
    """
    prefixes = [tokenizer.decode(ids[:end]) for end in range(len(ids) + 1)]
    counts = [word_count(prefix) for prefix in prefixes]
    if counts[-1] == 0:
        return []
    return [
        min(counts[at] if prefixes[at] == prefixes[at + 1] else counts[at + 1] - 1, counts[-1] - 1)
        for at in range(len(ids))
    ]


def _membership(words: Sequence[int], like: Tensor) -> Float[Tensor, "tokens words"]:
    """1 where a token belongs to a word."""
    table = torch.zeros(len(words), max(words, default=-1) + 1, dtype=like.dtype, device=like.device)
    table[torch.arange(len(words)), torch.tensor(words, dtype=torch.long)] = 1
    return table
