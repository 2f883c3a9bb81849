"""How a translation is written: as text, with its unknown words replaced, and with the words it is aligned to."""

from dataclasses import dataclass

from attnlab.data.pharaoh import write_links
from attnlab.decoding.protocol import Hypothesis
from attnlab.evaluation.alignment import best_links
from attnlab.evaluation.unknown_words import UnknownWord, replace_unknown
from attnlab.evaluation.words import word_weights, words_of
from attnlab.text.special import UNK
from attnlab.text.tokenizer import TokenizerPair

SEPARATOR = " ||| "
"""Between a translation and its alignment, as Marian and OpenNMT write them."""


@dataclass(frozen=True)
class Writing:
    """Writes translations.

    Attributes:
        tokenizers: of both sides.
        stand_in: what replaces unknown words; None leaves them as `<unk>`.
        aligned: whether a translation is followed by " ||| " and its links in Pharaoh format: for each word of it, the
            source word that it weighs most, words being what white space separates in the line and in the translation.
    """

    tokenizers: TokenizerPair
    stand_in: UnknownWord | None
    aligned: bool

    @property
    def nothing(self) -> str:
        """The line of a source without a translation: no words and no links."""
        return SEPARATOR if self.aligned else ""

    def __call__(self, line: str, said: Hypothesis) -> str:
        """One line of text.

        Args:
            line: the source.
            said: its translation, with attention if unknown words are replaced or links are written.
        """
        text = self.tokenizers.target.decode(said.tokens)
        if self.stand_in is None and not self.aligned:
            return text
        assert said.weights is not None
        words, places = text.split(), words_of(self.tokenizers.target, said.tokens)
        weights = word_weights(said.weights, self.tokenizers.source.word_indices(line), places)
        if self.stand_in is not None:
            # A word is unknown if any piece of it is.
            unknown = {place for place, token in zip(places, said.tokens, strict=False) if token == UNK}
            words = replace_unknown(words, unknown, weights, line.split(), self.stand_in)
        text = " ".join(words)
        if not self.aligned:
            return text
        # Where one word became several, all of them have its link.
        origins = [place for place, word in enumerate(words) for _ in word.split()]
        sources = {target: source for source, target in best_links(weights)}
        links = [(sources[place], target) for target, place in enumerate(origins) if place in sources]
        return f"{text}{SEPARATOR}{write_links(links)}"
