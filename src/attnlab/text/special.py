"""The ids that mean the same in every vocabulary."""

from typing import Final

PAD: Final = 0
UNK: Final = 1
BOS: Final = 2
EOS: Final = 3

SPECIAL_TOKENS: Final = ("<pad>", "<unk>", "<bos>", "<eos>")
"""Spelling of the ids 0 to 3, in order."""
