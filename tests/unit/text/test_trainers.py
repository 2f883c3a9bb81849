"""A vocabulary holds what its settings say, and is the same whenever and wherever it is learned."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from attnlab.errors import ConfigError
from attnlab.text.special import UNK
from attnlab.text.tokenizer import TokenizerPair
from attnlab.text.trainers import BytePairTrainer, CharacterTrainer, FixedTokenizers, WordTrainer


def test_words_are_ordered_by_frequency_then_by_code_point() -> None:
    tokenizer = WordTrainer().train(["b a c", "c  a", "c"], ["x"]).source
    assert tokenizer.pieces(range(4, tokenizer.vocab_size)) == ["c", "a", "b"]


def test_rare_words_are_unknown() -> None:
    tokenizer = WordTrainer(min_frequency=2).train(["a a b"], ["x"]).source
    assert tokenizer.encode_batch(["a b"]) == [[4, UNK]]


def test_the_largest_words_are_kept() -> None:
    tokenizer = WordTrainer(max_size=1).train(["a a b"], ["x"]).source
    assert tokenizer.vocab_size == 5


def test_rare_characters_are_unknown() -> None:
    tokenizer = CharacterTrainer(min_frequency=2).train(["aab"], ["x"]).source
    assert tokenizer.encode_batch(["ab"]) == [[4, UNK]]


def test_byte_pairs_merge_the_most_frequent_neighbours() -> None:
    # Characters are the space, a, b and c; only a and b stand together twice.
    tokenizer = BytePairTrainer(vocab_size=20).train(["ab cab"], ["x"]).source
    assert tokenizer.pieces(range(4, tokenizer.vocab_size)) == ["▁", "a", "b", "c", "ab"]


def test_byte_pairs_stop_when_pairs_are_rare() -> None:
    tokenizer = BytePairTrainer(vocab_size=100, min_frequency=4).train(["ab ab ab"], ["x"]).source
    assert tokenizer.vocab_size == 7


def test_byte_pairs_never_join_letters_digits_and_signs() -> None:
    tokenizer = BytePairTrainer(vocab_size=100).train(["dog, dog, 7up 7up"] * 20, ["x"]).source
    assert tokenizer.pieces(tokenizer.encode_batch(["dog, 7up"])[0]) == ["▁dog", ",", "▁7", "up"]


def test_each_side_learns_from_its_own_lines() -> None:
    pair = WordTrainer().train(["a"], ["b"])
    assert not pair.joint
    assert pair.source.encode_batch(["a b"]) == pair.target.encode_batch(["b a"]) == [[4, UNK]]


def test_joint_means_one_object() -> None:
    pair = WordTrainer(joint=True).train(["a"], ["b"])
    assert pair.joint
    assert UNK not in pair.source.encode_batch(["a b"])[0]


def test_lowercase_is_for_good() -> None:
    tokenizer = BytePairTrainer(vocab_size=40, lowercase=True).train(["Der HUND"], ["x"]).source
    assert tokenizer.decode(tokenizer.encode_batch(["DER Hund"])[0]) == "der hund"


def test_no_line_at_all_gives_the_special_ids_only() -> None:
    assert WordTrainer().train([], []).source.vocab_size == 4


def test_fixed_tokenizers_learn_nothing(joint_pair: TokenizerPair) -> None:
    fixed = FixedTokenizers(joint_pair)
    assert fixed.train(["other"], ["lines"]) is joint_pair
    assert repr(fixed) == repr(FixedTokenizers(joint_pair))
    assert repr(fixed) != repr(FixedTokenizers(WordTrainer().train(["a"], ["b"])))


def test_settings_can_be_read_from_the_repr() -> None:
    """The cache of prepared data tells trainers apart by it."""
    assert repr(BytePairTrainer(vocab_size=9)) != repr(BytePairTrainer(vocab_size=9, lowercase=True))
    assert "0x" not in repr(WordTrainer())


SCRIPT = """
from attnlab.text.trainers import BytePairTrainer, CharacterTrainer, WordTrainer
words = [(word, n) for n in range(400) for word in ("haus", "garten", "weg")]
lines = [f"{word}{'aeiou'[n % 5]} {word}s, {n * 37 % 101} {word[::-1]}" for word, n in words]
joint, separate = BytePairTrainer(vocab_size=300, joint=True), BytePairTrainer(vocab_size=200)
for trainer in (joint, separate, WordTrainer(), CharacterTrainer()):
    pair = trainer.train(lines, lines[::-1])
    print(pair.source.fingerprint(), pair.target.fingerprint())
"""


def test_the_same_lines_give_the_same_tokenizers_in_every_process() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "RAYON_NUM_THREADS": threads,
                "TOKENIZERS_PARALLELISM": parallel,
            },
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, threads, parallel in (("1", "1", "false"), ("2", "4", "true"))
    }
    assert len(outputs) == 1


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: BytePairTrainer(vocab_size=4),
            r"more than its 4 special ids, but vocab_size is 4: raise data.tokenizer",
        ),
        (lambda: BytePairTrainer(vocab_size=9, min_frequency=0), r"from 1, but min_frequency is 0: set data.tokenizer"),
        (
            lambda: WordTrainer(min_frequency=0),
            r"from 1, but min_frequency is 0: set data.tokenizer.min_frequency >= 1",
        ),
        (lambda: CharacterTrainer(min_frequency=-1), r"from 1, but min_frequency is -1: set data.tokenizer"),
        (lambda: WordTrainer(max_size=0), r"at least 1 word, but max_size is 0: raise data.tokenizer.max_size"),
        (
            lambda: BytePairTrainer(vocab_size=6).train(["abc"], ["x"]),
            r"every character of the training split, here with the special ids 8, but vocab_size is 6: raise data.tok",
        ),
    ],
)
def test_impossible_settings_are_refused(build: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build()
