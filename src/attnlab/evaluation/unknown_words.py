"""What stands in a translation where the model only says that it does not know the word."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import final

from attnlab.errors import DataError
from attnlab.evaluation.alignment import WordWeights


class UnknownWord(ABC):
    """Turns a source word into what is said instead of an unknown word that attention traces to it."""

    @abstractmethod
    def __call__(self, word: str) -> str:
        """One or more words, separated by single spaces."""


@final
class CopyWord(UnknownWord):
    """The source word itself, which is right for most names and numbers. Jean et al. (2015)."""

    def __call__(self, word: str) -> str:
        """The word as the source spells it."""
        return word


@final
class LookUpWord(UnknownWord):
    """The source word's translation in a dictionary, or a copy where it has none. Luong et al. (2015, ACL).

    Args:
        path: UTF-8 text with an entry on each line: a source word, white space, its translation of one or more words.
            Words are spelt as in the source, case included; of several entries for a word the first holds.

    Raises:
        DataError: the file cannot be read, or a line is no entry.
    """

    def __init__(self, path: str) -> None:
        try:
            lines = Path(path).read_text(encoding="utf-8-sig").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
            # From None: the innermost cause of a component that cannot be built is what the user reads.
            raise DataError(
                f"unknown_words.path names a dictionary, but {path} cannot be read ({reason}): name another file."
            ) from None
        self._translations: dict[str, str] = {}
        for number, line in enumerate(lines, start=1):
            match line.split():
                case []:
                    continue
                case [word, *translation] if translation:
                    self._translations.setdefault(word, " ".join(translation))
                case _:
                    raise DataError(
                        f"a dictionary has a source word and its translation on each line, but line {number} of {path} "
                        f"holds {line.strip()!r}: add the translation, or delete the line."
                    )

    def __call__(self, word: str) -> str:
        """The first translation of the word."""
        return self._translations.get(word, word)


def replace_unknown(
    words: Sequence[str],
    unknown: Collection[int],
    weights: WordWeights,
    source: Sequence[str],
    stand_in: UnknownWord,
) -> list[str]:
    """A translation whose unknown words give way to what stands in for the source word that each weighs most.

    Luong et al. (2015, EMNLP), section 4.2, after Jean et al. (2015). EOS is no word to copy, so it is not
    looked at here; a word without weight on any source word stays as it is.

    Args:
        words: of the translation.
        unknown: places of the words to be replaced.
        weights: of each of `words` over the source words and EOS.
        source: words of the source.
        stand_in: what is said instead.

    Returns:
        As many texts as `words`, of one or more words each.
    """
    said = list(words)
    for place in unknown:
        on_words = weights[place, :-1]
        if bool(on_words.max() > 0):
            said[place] = stand_in(source[int(on_words.argmax())])
    return said
