from collections.abc import Callable

import pytest

from attnlab.text.tokenizer import TokenizerPair
from attnlab.text.trainers import BytePairTrainer, CharacterTrainer, TokenizerTrainer, WordTrainer

ENGLISH = ["the old man sees the dog", "the dog, which the woman likes, sleeps!", "a man (and 23 dogs) <pad> <bos>"]
GERMAN = ["der alte Mann sieht den Hund", "der Hund, den die Frau mag, schläft!", "ein Mann (und 23 Hunde) <eos> ▁x"]

TRAINERS: dict[str, Callable[[bool], TokenizerTrainer]] = {
    "byte_pairs": lambda joint: BytePairTrainer(vocab_size=120, joint=joint),
    "words": lambda joint: WordTrainer(joint=joint),
    "characters": lambda joint: CharacterTrainer(joint=joint),
}


@pytest.fixture(scope="session", params=sorted(TRAINERS))
def joint_pair(request: pytest.FixtureRequest) -> TokenizerPair:
    """One vocabulary over both languages, of each kind."""
    return TRAINERS[request.param](True).train(ENGLISH, GERMAN)


@pytest.fixture(scope="session", params=sorted(TRAINERS))
def separate_pair(request: pytest.FixtureRequest) -> TokenizerPair:
    """One vocabulary for each language, of each kind."""
    return TRAINERS[request.param](False).train(ENGLISH, GERMAN)


@pytest.fixture(scope="session")
def lines() -> list[str]:
    """What the tokenizers were trained on."""
    return [*ENGLISH, *GERMAN]
