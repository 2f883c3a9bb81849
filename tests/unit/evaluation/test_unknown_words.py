"""Unknown words give way to source words, or to what a dictionary has for them."""

from pathlib import Path

import pytest
import torch

from attnlab.errors import DataError
from attnlab.evaluation.unknown_words import CopyWord, LookUpWord, replace_unknown

SOURCE = ["the", "Xyzzy", "sleeps"]
WORDS = ["der", "<unk>", "<unk>"]
WEIGHTS = torch.tensor([[0.9, 0.1, 0.0, 0.0], [0.1, 0.3, 0.2, 0.4], [0.1, 0.2, 0.7, 0.0]])


def dictionary(folder: Path, content: str) -> LookUpWord:
    (folder / "words.txt").write_text(content, encoding="utf-8")
    return LookUpWord(str(folder / "words.txt"))


def test_an_unknown_word_becomes_the_source_word_it_weighs_most_whatever_eos_has() -> None:
    assert replace_unknown(WORDS, [1, 2], WEIGHTS, SOURCE, CopyWord()) == ["der", "Xyzzy", "sleeps"]
    assert replace_unknown(WORDS, [1], WEIGHTS, SOURCE, CopyWord()) == ["der", "Xyzzy", "<unk>"]


def test_a_word_without_weight_on_any_word_stays() -> None:
    weights = torch.tensor([[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
    assert replace_unknown(["<unk>"] * 3, [0, 1, 2], weights, SOURCE, CopyWord()) == ["<unk>", "<unk>", "sleeps"]


def test_a_dictionary_translates_what_it_has_and_copies_the_rest(tmp_path: Path) -> None:
    look_up = dictionary(tmp_path, "\ufeffsleeps schläft\n\nthe\tder  die\r\nsleeps\truht\n")
    assert replace_unknown(WORDS, [1, 2], WEIGHTS, SOURCE, look_up) == ["der", "Xyzzy", "schläft"]
    assert look_up("the") == "der die"
    assert look_up("The") == "The"


def test_a_spoilt_dictionary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"but line 3 of \S+words.txt holds 'sleeps': add the translation, or delete"):
        dictionary(tmp_path, "the der\n\nsleeps\n")
    with pytest.raises(DataError, match=r"nowhere.txt cannot be read \(No such file or directory\): name another file"):
        LookUpWord(str(tmp_path / "nowhere.txt"))
    (tmp_path / "latin.txt").write_bytes(b"gr\xfc\xdfe greetings")
    with pytest.raises(DataError, match=r"latin.txt cannot be read \(it is no UTF-8 text\)"):
        LookUpWord(str(tmp_path / "latin.txt"))
