"""Which word stands how far from a memory state, and how figures over states are averaged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attnlab.data.batch import Batch, collate
from attnlab.evaluation.intervals import Estimate, with_interval
from attnlab.seq2seq.model import Seq2Seq

NO_WORD = -1
"""Where a sentence has no word at some offset."""


class Reader(NamedTuple):
    """The half of a model that reads: tokens to embedded tokens, and these with their lengths to the memory."""

    embed: Callable[[Tensor], Tensor]
    encode: Callable[[Tensor, Tensor], Tensor]

    @classmethod
    def of(cls, model: Seq2Seq) -> "Reader":
        """A model's own; with or without attention the memory is the same. It belongs in eval mode: no dropout."""
        return cls(model.embeddings.embed_source, lambda embedded, lengths: model.encoder(embedded, lengths).memory)


@dataclass(frozen=True)
class ProbedSentence:
    """One source whose memory is looked at.

    Its memory states are those of its tokens, each with the word that its token belongs to as its own word. The state
    of EOS has no own word and is left out; as a place where other states may look, EOS counts as one more word.

    Attributes:
        tokens: source ids, without EOS.
        words: for each token the index of its word.
    """

    tokens: list[int]
    words: list[int]

    @property
    def num_words(self) -> int:
        """Words, EOS not counted."""
        return max(self.words, default=-1) + 1

    def identities(self) -> list[tuple[int, ...]]:
        """What each word is to the model: the ids of its tokens."""
        ids: list[list[int]] = [[] for _ in range(self.num_words)]
        for token, word in zip(self.tokens, self.words, strict=True):
            ids[word].append(token)
        return [tuple(one) for one in ids]


def mean_over_states(
    sums: Float[Tensor, "sentences figures"], counts: Float[Tensor, "sentences figures"]
) -> list[Estimate]:
    """Each figure's mean over all states, with an interval that knows that states of one sentence are alike.

    The mean is sum(S_i) / sum(c_i) over sentences i; its standard error is that of a ratio of two sums over
    independent sentences, sqrt(n / (n - 1) sum (S_i - mean c_i)^2) / sum(c_i) (Cochran 1977, section 6.4), over the n
    sentences with a state. NaN where no sentence has one.

    Args:
        sums: of a figure over the states of each sentence.
        counts: how many states that were.
    """
    total = counts.sum(dim=0)
    means = sums.sum(dim=0) / total
    present = (counts > 0).sum(dim=0)
    scatter = (sums - means * counts).square().sum(dim=0) * present / (present - 1)
    errors = scatter.sqrt() / total
    return [with_interval(*figure) for figure in zip(means.tolist(), errors.tolist(), present.tolist(), strict=True)]


def offset_names(reach: int, *, beyond: bool) -> list[str]:
    """How offsets d = (word's place) - (place of the state's own word) are written, from left to right.

    A word at -1 precedes the state's own word, 0, and one at +1 follows it.

    Args:
        reach: the largest offset with a name of its own.
        beyond: whether all farther words on either side have a name together, such as "<-5" and ">+5".
    """
    names = [f"{offset:+d}" if offset else "0" for offset in range(-reach, reach + 1)]
    return [f"<-{reach}", *names, f">+{reach}"] if beyond else names


def word_identities(sentences: Sequence[ProbedSentence], reach: int) -> Int[Tensor, "states offsets"]:
    """For each memory state the number of the word at each offset -reach .. reach, or `NO_WORD`.

    Equal numbers mean equal words; they count from 0 in order of appearance. States are in the order of the sentences.
    """
    numbers: dict[tuple[int, ...], int] = {}
    rows: list[list[int]] = []
    for sentence in sentences:
        own = [numbers.setdefault(identity, len(numbers)) for identity in sentence.identities()]
        padded = [NO_WORD] * reach + own + [NO_WORD] * reach
        rows += [padded[word : word + 2 * reach + 1] for word in sentence.words]
    return torch.tensor(rows, dtype=torch.long).view(-1, 2 * reach + 1)


def batch_of(sentences: Sequence[ProbedSentence]) -> Batch:
    """The sentences as the model reads them, with EOS; targets are empty."""
    return collate([each.tokens for each in sentences], [[]] * len(sentences), list(range(len(sentences))))


@torch.no_grad()
def memory_states(reader: Reader, sentences: Sequence[ProbedSentence], device: torch.device) -> list[Tensor]:
    """The memory of each sentence, (tokens, memory) without EOS, in float64 on the CPU."""
    batch = batch_of(sentences).to(device)
    memory = reader.encode(reader.embed(batch.source), batch.source_lengths).cpu().double()
    return [memory[row, : len(sentence.tokens)] for row, sentence in enumerate(sentences)]
