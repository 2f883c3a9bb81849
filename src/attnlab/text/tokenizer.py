"""How a line of text becomes token ids, how ids become text again, and what of both lies in a file."""

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

import tokenizers

from attnlab.errors import RunError, one_line
from attnlab.text.special import BOS, EOS, PAD, SPECIAL_TOKENS, UNK

# Said aloud, it keeps `tokenizers` from printing a warning whenever a process forks; `datasets` takes it back while it
# tokenises in several.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")

INNER_SPECIAL_TOKENS: Final = tuple(f"{token}\n" for token in SPECIAL_TOKENS)
"""How the vocabulary spells the special ids: no normalised text holds a line feed, so no text can spell them."""

_FORMAT: Final = "attnlab tokenizer 1"
_MODELS: Final = ("BPE", "WordLevel")
"""The kinds that our trainers learn."""
_INVISIBLE: Final = frozenset({PAD, BOS, EOS})
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def normalize(text: str, *, lowercase: bool = False) -> str:
    """The text that tokens stand for: words of `text.split()` joined by single spaces.

    Half of a surrogate pair, which no UTF-8 file can hold, becomes U+FFFD. Nothing else is touched.
    """
    text = _LONE_SURROGATE.sub("\ufffd", " ".join(text.split()))
    return text.lower() if lowercase else text


@final
class Tokenizer:
    """Text to ids and back; `decode` inverts `encode` on normalised text of known characters (or words).

    Args:
        backend: a model of the `tokenizers` library that reads normalised text.
        separator: what stands between two pieces in text: nothing, or a space if the pieces are whole words.
        lowercase: whether text is lower-cased before it is read.
    """

    def __init__(self, backend: tokenizers.Tokenizer, *, separator: str = "", lowercase: bool = False) -> None:
        self._backend = backend
        self._separator = separator
        self._lowercase = lowercase
        pieces = [str(backend.id_to_token(index)) for index in range(backend.get_vocab_size())]
        self._pieces = [*SPECIAL_TOKENS, *pieces[len(SPECIAL_TOKENS) :]]

    @property
    def vocab_size(self) -> int:
        """Number of ids, the special ones counted."""
        return len(self._pieces)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text, without BOS and EOS; what the vocabulary does not know is UNK."""
        normal = [normalize(text, lowercase=self._lowercase) for text in texts]
        # "fast" leaves out the offsets, which only word_indices reads
        return [encoding.ids for encoding in self._backend.encode_batch_fast(normal, add_special_tokens=False)]

    def word_indices(self, text: str) -> list[int]:
        """For each token of `text` the index of its word in `text.split()`.

        A token that is only the space before a word belongs to that word.
        """
        normal = normalize(text, lowercase=self._lowercase)
        encoding = self._backend.encode(normal, add_special_tokens=False)
        # A token's last character settles its word: the token may open with the space that precedes it.
        return [normal[: max(end - 1, 0)].count(" ") + (normal[end - 1 : end] == " ") for _, end in encoding.offsets]

    def decode(self, ids: Sequence[int]) -> str:
        """Normalised text of some ids; PAD, BOS and EOS are left out, UNK reads `<unk>`."""
        return normalize(self._separator.join(self._pieces[index] for index in ids if index not in _INVISIBLE))

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """One readable label for each id, special ones included; `▁` stands for a space."""
        return [self._pieces[index].replace(" ", "▁") for index in ids]

    def save(self, path: Path) -> None:
        """Writes one JSON file; the same tokenizer gives the same bytes."""
        path.write_text(self._to_json(), encoding="utf-8")

    def fingerprint(self) -> str:
        """Equal for tokenizers that behave alike, in every process."""
        return hashlib.sha256(self._to_json().encode()).hexdigest()[:16]

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        """Reads what `save` wrote.

        Raises:
            RunError: the file is missing, truncated, or something else.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            _check_format(content)
            return cls(_backend(content["tokenizers"]), separator=content["separator"], lowercase=content["lowercase"])
        except FileNotFoundError as error:
            raise RunError(
                f"{path} holds a run's tokenizer, but it does not exist: give a folder that training left behind."
            ) from error
        except Exception as error:  # `tokenizers` raises bare Exception for a model it cannot read
            raise RunError(
                f"{path} must be a whole tokenizer file, but cannot be read as one ({one_line(error)}): "
                "copy it again from the run, or train again."
            ) from error

    def _to_json(self) -> str:
        content = {
            "format": _FORMAT,
            "separator": self._separator,
            "lowercase": self._lowercase,
            "tokenizers": json.loads(self._backend.to_str()),
        }
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


@final
@dataclass(frozen=True)
class TokenizerPair:
    """The tokenizers of both sides; joint if they are one and the same object."""

    source: Tokenizer
    target: Tokenizer

    @property
    def joint(self) -> bool:
        """Whether both sides share one vocabulary, so that their embeddings may be tied."""
        return self.source is self.target

    def save(self, folder: Path) -> None:
        """Writes `tokenizer.json`, or `source.json` and `target.json`, into a folder that is made if need be."""
        folder.mkdir(parents=True, exist_ok=True)
        files = {"tokenizer": self.source} if self.joint else {"source": self.source, "target": self.target}
        for name in ("tokenizer", "source", "target"):
            (folder / f"{name}.json").unlink(missing_ok=True)
        for name, tokenizer in files.items():
            tokenizer.save(folder / f"{name}.json")

    @classmethod
    def load(cls, folder: Path) -> "TokenizerPair":
        """Reads what `save` wrote.

        Raises:
            RunError: a file is missing, truncated, or something else.
        """
        joint = folder / "tokenizer.json"
        if joint.exists():
            tokenizer = Tokenizer.load(joint)
            return cls(tokenizer, tokenizer)
        return cls(Tokenizer.load(folder / "source.json"), Tokenizer.load(folder / "target.json"))


def without_added_tokens(backend: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    """The same model, but text that spells a special token is only text."""
    content = json.loads(backend.to_str())
    content["added_tokens"] = []
    return _backend(content)


def _backend(content: dict[str, Any]) -> tokenizers.Tokenizer:
    if content["model"]["type"] not in _MODELS:
        raise ValueError(f"its model is {content['model']['type']!r}")
    backend = tokenizers.Tokenizer.from_str(json.dumps(content))
    first = tuple(backend.id_to_token(index) for index in (PAD, UNK, BOS, EOS))
    if first != INNER_SPECIAL_TOKENS:
        raise ValueError(f"its first ids are {first!r}")
    return backend


def _check_format(content: dict[str, Any]) -> None:
    if content["format"] != _FORMAT:
        raise ValueError(f"its format is {content['format']!r}, not {_FORMAT!r}")
