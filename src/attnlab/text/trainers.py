"""Which pieces a vocabulary holds: byte pairs, words, or characters, learned from the training split."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Final, Protocol, final, runtime_checkable

import tokenizers
from tokenizers import models, pre_tokenizers, trainers

from attnlab.errors import ConfigError
from attnlab.text.special import SPECIAL_TOKENS, UNK
from attnlab.text.tokenizer import INNER_SPECIAL_TOKENS, Tokenizer, TokenizerPair, normalize, without_added_tokens

_INNER_UNK: Final = INNER_SPECIAL_TOKENS[UNK]
_PIECE_BORDERS: Final = tokenizers.Regex(r" ?[\p{L}\p{M}]+| ?\p{N}+| ?[^ \p{L}\p{M}\p{N}]+| ")


@runtime_checkable
class TokenizerTrainer(Protocol):
    """Gives the tokenizers of both sides; its `repr` says every setting, so that a cache can tell them apart."""

    def train(self, source_lines: Iterable[str], target_lines: Iterable[str]) -> TokenizerPair:
        """Learns from the training split; the same lines give the same tokenizers in every process."""
        ...


@final
@dataclass(frozen=True)
class FixedTokenizers:
    """Tokenizers that a run has learned already: nothing is learned from the lines."""

    pair: TokenizerPair

    def train(self, source_lines: Iterable[str], target_lines: Iterable[str]) -> TokenizerPair:
        """The same pair, whatever the lines."""
        return self.pair

    def __repr__(self) -> str:
        sides = (self.pair.source.fingerprint(), self.pair.target.fingerprint(), self.pair.joint)
        return f"FixedTokenizers{sides}"


@dataclass(frozen=True, kw_only=True)
class LearnedTokenizers(ABC):
    """What all trainers share.

    Args:
        joint: one vocabulary for both sides, which tied embeddings of source and target need.
        lowercase: lower-case all text, for good: what is decoded is lower-cased too.
    """

    joint: bool = False
    lowercase: bool = False

    def train(self, source_lines: Iterable[str], target_lines: Iterable[str]) -> TokenizerPair:
        """See `TokenizerTrainer`."""
        if self.joint:
            tokenizer = self._train(self._normal(chain(source_lines, target_lines)))
            return TokenizerPair(tokenizer, tokenizer)
        return TokenizerPair(self._train(self._normal(source_lines)), self._train(self._normal(target_lines)))

    def _normal(self, lines: Iterable[str]) -> Iterable[str]:
        return (normalize(line, lowercase=self.lowercase) for line in lines)

    @abstractmethod
    def _train(self, lines: Iterable[str]) -> Tokenizer: ...


@final
@dataclass(frozen=True, kw_only=True)
class BytePairTrainer(LearnedTokenizers):
    """Byte-pair encoding (Sennrich et al. 2016): frequent neighbours are merged until the vocabulary is full.

    No merge crosses the border between letters, digits and other signs, so that "guitar," is "guitar" and a comma.
    Words are marked by the space before them (Metaspace) rather than by an end-of-word suffix, with which `tokenizers`
    0.23 learns another vocabulary in every process. The space stays a space inside, so that text may hold `▁`.

    Args:
        vocab_size: ids of a side (of both, if joint), special ones counted; a small corpus may fill fewer.
        min_frequency: a pair seen less often is never merged.
        joint: see `LearnedTokenizers`.
        lowercase: see `LearnedTokenizers`.

    Raises:
        ConfigError: the vocabulary has no room beyond the special ids, or (on training) for every character.
    """

    vocab_size: int
    min_frequency: int = 2

    def __post_init__(self) -> None:
        if self.vocab_size <= len(SPECIAL_TOKENS):
            raise ConfigError(
                f"A byte-pair vocabulary needs more than its {len(SPECIAL_TOKENS)} special ids, "
                f"but vocab_size is {self.vocab_size}: raise data.tokenizer.vocab_size."
            )
        _check_frequency(self.min_frequency)

    def _train(self, lines: Iterable[str]) -> Tokenizer:
        backend = tokenizers.Tokenizer(models.BPE(unk_token=_INNER_UNK))
        backend.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Metaspace(replacement=" ", prepend_scheme="always", split=False),
                pre_tokenizers.Split(_PIECE_BORDERS, behavior="isolated"),
            ]
        )
        trainer = trainers.BpeTrainer(
            vocab_size=self.vocab_size,
            min_frequency=self.min_frequency,
            special_tokens=list(INNER_SPECIAL_TOKENS),
            show_progress=False,
        )
        backend.train_from_iterator(lines, trainer)
        if backend.get_vocab_size() > self.vocab_size:
            raise ConfigError(
                f"A byte-pair vocabulary holds every character of the training split, here with the special ids "
                f"{backend.get_vocab_size():,}, but vocab_size is {self.vocab_size:,}: raise data.tokenizer.vocab_size."
            )
        return Tokenizer(without_added_tokens(backend), lowercase=self.lowercase)


@final
@dataclass(frozen=True, kw_only=True)
class WordTrainer(LearnedTokenizers):
    """Whole words, split at white space, the most frequent first.

    Args:
        min_frequency: a word seen less often is unknown.
        max_size: at most so many words beside the special ids; None for all.
        joint: see `LearnedTokenizers`.
        lowercase: see `LearnedTokenizers`.

    Raises:
        ConfigError: a setting below 1.
    """

    min_frequency: int = 1
    max_size: int | None = None

    def __post_init__(self) -> None:
        _check_frequency(self.min_frequency)
        if self.max_size is not None and self.max_size < 1:
            raise ConfigError(
                f"A word vocabulary holds at least 1 word, but max_size is {self.max_size}: "
                "raise data.tokenizer.max_size, or set it to null for all words."
            )

    def _train(self, lines: Iterable[str]) -> Tokenizer:
        counts = Counter(word for line in lines for word in line.split(" ") if word)
        backend = _closed_vocabulary(counts, self.min_frequency, self.max_size)
        backend.pre_tokenizer = pre_tokenizers.CharDelimiterSplit(" ")
        return Tokenizer(backend, separator=" ", lowercase=self.lowercase)


@final
@dataclass(frozen=True, kw_only=True)
class CharacterTrainer(LearnedTokenizers):
    """Single characters (Unicode code points), the space among them.

    Args:
        min_frequency: a character seen less often is unknown.
        joint: see `LearnedTokenizers`.
        lowercase: see `LearnedTokenizers`.

    Raises:
        ConfigError: a frequency below 1.
    """

    min_frequency: int = 1

    def __post_init__(self) -> None:
        _check_frequency(self.min_frequency)

    def _train(self, lines: Iterable[str]) -> Tokenizer:
        counts: Counter[str] = Counter()
        for line in lines:
            counts.update(line)
        backend = _closed_vocabulary(counts, self.min_frequency, None)
        backend.pre_tokenizer = pre_tokenizers.Split(tokenizers.Regex(r"[\s\S]"), behavior="isolated")
        return Tokenizer(backend, lowercase=self.lowercase)


def _closed_vocabulary(counts: Counter[str], min_frequency: int, max_size: int | None) -> tokenizers.Tokenizer:
    """Most frequent first; equals in the order of their code points, so that the ids never depend on chance."""
    kept = sorted((piece for piece, count in counts.items() if count >= min_frequency), key=lambda p: (-counts[p], p))
    vocabulary = {piece: index for index, piece in enumerate([*INNER_SPECIAL_TOKENS, *kept[:max_size]])}
    return tokenizers.Tokenizer(models.WordLevel(vocabulary, unk_token=_INNER_UNK))


def _check_frequency(min_frequency: int) -> None:
    if min_frequency < 1:
        raise ConfigError(
            f"Pieces are counted from 1, but min_frequency is {min_frequency}: set data.tokenizer.min_frequency >= 1."
        )
