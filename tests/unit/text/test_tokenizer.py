"""Text becomes ids and comes back; nothing a user types is ever read as a special token."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.errors import RunError
from attnlab.text.special import BOS, EOS, PAD, SPECIAL_TOKENS, UNK
from attnlab.text.tokenizer import Tokenizer, TokenizerPair, normalize
from attnlab.text.trainers import BytePairTrainer, CharacterTrainer, LearnedTokenizers, WordTrainer

ALPHABET = "abcXYZäß,.!?'\"<>-_▁#@019 "
SPACES = " \t\n\r\u2028\u2029\x85\x1c\xa0\u3000"
CORPUS = [ALPHABET, " ".join(ALPHABET), "<pad> <unk> <bos> <eos>", "cab cab cab bac"]
BYTE_PAIRS = BytePairTrainer(vocab_size=80, joint=True).train(CORPUS, CORPUS).source
CHARACTERS = CharacterTrainer(joint=True).train(CORPUS, CORPUS).source
WORDS = WordTrainer(joint=True).train(CORPUS, CORPUS).source
KNOWN_WORDS = sorted({word for line in CORPUS for word in line.split()})


@pytest.mark.parametrize("tokenizer", [BYTE_PAIRS, CHARACTERS])
@given(text=st.text(ALPHABET + SPACES))
def test_decoding_inverts_encoding_on_known_characters(tokenizer: Tokenizer, text: str) -> None:
    (ids,) = tokenizer.encode_batch([text])
    assert tokenizer.decode(ids) == " ".join(text.split())


@given(words=st.lists(st.sampled_from(KNOWN_WORDS)), space=st.text(SPACES, min_size=1))
def test_decoding_inverts_encoding_on_known_words(words: list[str], space: str) -> None:
    (ids,) = WORDS.encode_batch([space.join(words)])
    assert len(ids) == len(words)
    assert WORDS.decode(ids) == " ".join(words)


@pytest.mark.parametrize(
    "trainer", [BytePairTrainer(vocab_size=2000), CharacterTrainer(), WordTrainer(), WordTrainer(lowercase=True)]
)
@given(texts=st.lists(st.text(), min_size=1, max_size=3))
def test_whatever_was_learned_comes_back(trainer: LearnedTokenizers, texts: list[str]) -> None:
    tokenizer = trainer.train(texts, []).source
    decoded = [tokenizer.decode(ids) for ids in tokenizer.encode_batch(texts)]
    assert decoded == [normalize(text, lowercase=trainer.lowercase) for text in texts]


@pytest.mark.parametrize("tokenizer", [BYTE_PAIRS, CHARACTERS, WORDS])
@given(text=st.text())
def test_any_text_at_all_gives_ids_and_no_special_one_but_unk(tokenizer: Tokenizer, text: str) -> None:
    (ids,) = tokenizer.encode_batch([text])
    assert not {PAD, BOS, EOS} & set(ids)
    assert all(index < tokenizer.vocab_size for index in ids)
    assert len(tokenizer.word_indices(text)) == len(tokenizer.pieces(ids)) == len(ids)
    assert sorted(set(tokenizer.word_indices(text))) == list(range(len(text.split())))


@pytest.mark.parametrize("tokenizer", [BYTE_PAIRS, CHARACTERS, WORDS])
@given(ids=st.data())
def test_any_ids_at_all_give_normalised_text(tokenizer: Tokenizer, ids: st.DataObject) -> None:
    some = ids.draw(st.lists(st.integers(0, tokenizer.vocab_size - 1)))
    text = tokenizer.decode(some)
    assert text == normalize(text)
    assert len(tokenizer.pieces(some)) == len(some)


def test_text_that_spells_special_tokens_is_text(joint_pair: TokenizerPair) -> None:
    for text in ("<pad>", "<bos> the dog <eos>", "a<pad>b", *(f"{token}\n" for token in SPECIAL_TOKENS)):
        (ids,) = joint_pair.source.encode_batch([text])
        assert not {PAD, BOS, EOS} & set(ids), text


def test_special_tokens_stay_apart_from_a_corpus_full_of_their_spelling() -> None:
    lines = ["x<pad>x <pad> <unk> <bos><eos>"] * 50
    for trainer in (BytePairTrainer(vocab_size=60), WordTrainer(), CharacterTrainer()):
        tokenizer = trainer.train(lines, lines).source
        (ids,) = tokenizer.encode_batch(lines[:1])
        assert not {PAD, UNK, BOS, EOS} & set(ids)
        assert tokenizer.decode(ids) == lines[0]


def test_special_ids_come_first_and_are_dropped_from_text(joint_pair: TokenizerPair) -> None:
    tokenizer = joint_pair.source
    (ids,) = tokenizer.encode_batch(["the dog"])
    assert tokenizer.pieces([PAD, UNK, BOS, EOS]) == list(SPECIAL_TOKENS)
    assert tokenizer.decode([BOS, *ids, EOS, PAD, PAD]) == "the dog"


def test_what_is_unknown_reads_unk() -> None:
    assert WORDS.decode(WORDS.encode_batch(["cab zebra cab"])[0]) == "cab <unk> cab"
    assert CHARACTERS.decode(CHARACTERS.encode_batch(["c☃b"])[0]) == "c<unk>b"
    assert BYTE_PAIRS.decode(BYTE_PAIRS.encode_batch(["c☃b ☃"])[0]) == "c<unk>b <unk>"


def test_half_a_surrogate_pair_is_an_unknown_character() -> None:
    assert CHARACTERS.decode(CHARACTERS.encode_batch(["c\ud800b"])[0]) == "c<unk>b"


def test_pieces_show_where_words_begin() -> None:
    tokenizer = BytePairTrainer(vocab_size=100).train(["the dogs, the dog"] * 9, ["x"]).source
    (ids,) = tokenizer.encode_batch(["the dog,"])
    assert tokenizer.pieces(ids) == ["▁the", "▁dog", ","]


def test_word_indices_name_the_word_of_each_token() -> None:
    tokenizer = CHARACTERS
    assert tokenizer.pieces(tokenizer.encode_batch([" ab  c "])[0]) == ["a", "b", "▁", "c"]
    assert tokenizer.word_indices(" ab  c ") == [0, 0, 1, 1]
    tokenizer = BytePairTrainer(vocab_size=100).train(["the dogs, the dog"] * 9, ["x"]).source
    assert tokenizer.word_indices("the dogs, the") == [0, 1, 1, 2]


def test_a_saved_tokenizer_does_the_same(separate_pair: TokenizerPair, lines: list[str], tmp_path: Path) -> None:
    tokenizer = separate_pair.target
    tokenizer.save(tmp_path / "tokenizer.json")
    loaded = Tokenizer.load(tmp_path / "tokenizer.json")
    assert loaded.encode_batch(lines) == tokenizer.encode_batch(lines)
    assert loaded.word_indices(lines[1]) == tokenizer.word_indices(lines[1])
    assert loaded.decode(range(loaded.vocab_size)) == tokenizer.decode(range(tokenizer.vocab_size))
    assert loaded.fingerprint() == tokenizer.fingerprint()
    loaded.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "tokenizer.json").read_bytes()


def test_lowercase_survives_saving(tmp_path: Path) -> None:
    tokenizer = WordTrainer(lowercase=True).train(["The DOG"], ["x"]).source
    tokenizer.save(tmp_path / "tokenizer.json")
    loaded = Tokenizer.load(tmp_path / "tokenizer.json")
    assert loaded.decode(loaded.encode_batch(["THE dog"])[0]) == "the dog"


def test_a_pair_remembers_whether_it_is_joint(
    joint_pair: TokenizerPair, separate_pair: TokenizerPair, tmp_path: Path
) -> None:
    joint_pair.save(tmp_path)
    assert TokenizerPair.load(tmp_path).joint
    separate_pair.save(tmp_path)  # into the same folder: no file of the other kind may stay behind
    loaded = TokenizerPair.load(tmp_path)
    assert not loaded.joint
    assert loaded.source.fingerprint() == separate_pair.source.fingerprint()
    assert loaded.target.fingerprint() == separate_pair.target.fingerprint()
    joint_pair.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tokenizer.json"]


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"source.json holds a run's tokenizer, but it does not exist: give a folder"):
        TokenizerPair.load(tmp_path)


def broken_files(whole: str) -> dict[str, str]:
    content = json.loads(whole)
    other_format = json.dumps({**content, "format": "attnlab tokenizer 0"})
    vocabulary = content["tokenizers"]["model"]["vocab"]
    shifted = json.dumps(
        {**content, "tokenizers": json.loads(json.dumps(content["tokenizers"]).replace('"<pad>\\n"', '"pad"'))}
    )
    assert vocabulary["<pad>\n"] == PAD
    return {
        "truncated": whole[: len(whole) // 2],
        "empty": "",
        "something else": "[1, 2]",
        "another format": other_format,
        "other special ids": shifted,
        "no model": json.dumps({**content, "tokenizers": {}}),
    }


@pytest.mark.parametrize(
    "kind", ["truncated", "empty", "something else", "another format", "other special ids", "no model"]
)
def test_a_broken_file_is_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    WORDS.save(path)
    path.write_text(broken_files(path.read_text())[kind])
    with pytest.raises(
        RunError, match=r"must be a whole tokenizer file, but cannot be read as one .*: copy it again"
    ) as caught:
        Tokenizer.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
