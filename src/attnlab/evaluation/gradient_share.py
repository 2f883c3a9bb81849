"""How much of a memory state's gradient belongs to each word of its sentence."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attnlab.evaluation.probe import ProbedSentence, Reader, batch_of


def jacobian_norms(
    encode: Callable[[Tensor, Tensor], Tensor],
    embedded: Float[Tensor, "batch source embedding"],
    source_lengths: Int[Tensor, " batch"],
    *,
    num_vectors: int,
    generator: torch.Generator,
) -> Float[Tensor, "batch state source"]:
    r"""Estimates ||d m_s / d e_j||_F^2 for every memory state m_s and every embedded token e_j of its sentence.

    For a vector v of independent signs, E ||J^T v||^2 = ||J||_F^2 (Hutchinson 1990), and J^T v is one backward pass.
    That pass serves all tokens j at once, and all sentences, since rows of a batch do not meet; so the cost is one
    backward pass over batch * num_vectors rows for each source position.

    Args:
        encode: embedded tokens and their lengths to the memory, without chance.
        embedded: the embedded tokens.
        source_lengths: real tokens per row.
        num_vectors: the estimate is the mean over so many v.
        generator: draws the signs, on the CPU, so that every device sees the same.
    """
    rows = embedded.detach().repeat_interleave(num_vectors, dim=0).requires_grad_()
    # cuDNN has no backward pass of recurrent layers in eval mode.
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        memory = encode(rows, source_lengths.repeat_interleave(num_vectors))
    batch, source = embedded.shape[:2]
    norms = []
    for state in range(source):
        vector = torch.zeros_like(memory)
        signs = torch.randint(0, 2, vector[:, state].shape, generator=generator) * 2 - 1
        vector[:, state] = signs.to(vector)
        (pulled,) = torch.autograd.grad(memory, rows, vector, retain_graph=state + 1 < source)
        squares = pulled.double().square().sum(dim=-1)
        norms.append(squares.view(batch, num_vectors, source).mean(dim=1))
    return torch.stack(norms, dim=1)


def word_shares(norms: Float[Tensor, "state token"], sentence: ProbedSentence) -> Float[Tensor, "tokens words_and_eos"]:
    """What each word and, last, EOS have of each state's squared gradient: the tokens of a word add up, rows sum to 1.

    A state that depends on no word at all has shares of 0.

    Args:
        norms: one sentence's part of `jacobian_norms`; padding may follow.
        sentence: the sentence.
    """
    length = len(sentence.tokens)
    columns = torch.tensor([*sentence.words, sentence.num_words], dtype=torch.long)
    by_word = torch.zeros(length, sentence.num_words + 1, dtype=norms.dtype)
    by_word.index_add_(1, columns, norms[:length, : length + 1].cpu())
    return by_word / by_word.sum(dim=1, keepdim=True).clamp(min=torch.finfo(norms.dtype).tiny)


def sum_by_offset(
    shares: Float[Tensor, "tokens words_and_eos"], sentence: ProbedSentence, reach: int
) -> Float[Tensor, " offsets"]:
    """Sums shares over states by offset, word's place minus own word's place: all before, -reach .. reach, all after.

    The sums add up to the number of states.
    """
    own = torch.tensor(sentence.words, dtype=torch.long).unsqueeze(1)
    offsets = (torch.arange(shares.shape[1]) - own).clamp(-reach - 1, reach + 1)
    sums = torch.zeros(2 * reach + 3, dtype=shares.dtype)
    return sums.index_add_(0, offsets.flatten() + reach + 1, shares.flatten())


def gradient_shares(
    reader: Reader,
    sentences: Sequence[ProbedSentence],
    *,
    reach: int,
    num_vectors: int,
    generator: torch.Generator,
    device: torch.device,
) -> Float[Tensor, "sentences offsets"]:
    """`sum_by_offset` of each sentence; the sentences are read as one batch."""
    batch = batch_of(sentences).to(device)
    with torch.no_grad():
        embedded = reader.embed(batch.source)
    norms = jacobian_norms(reader.encode, embedded, batch.source_lengths, num_vectors=num_vectors, generator=generator)
    return torch.stack(
        [sum_by_offset(word_shares(own, each), each, reach) for own, each in zip(norms, sentences, strict=True)]
    )


def equal_shares(sentences: Sequence[ProbedSentence], reach: int) -> Float[Tensor, "sentences offsets"]:
    """The same sums if every word, EOS too, had the same share: what the mere lengths of the sentences give."""
    sums = []
    for sentence in sentences:
        words = sentence.num_words + 1
        alike = torch.full((len(sentence.tokens), words), 1 / words, dtype=torch.float64)
        sums.append(sum_by_offset(alike, sentence, reach))
    return torch.stack(sums)
