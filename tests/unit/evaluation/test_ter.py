import random

import pytest
from sacrebleu.metrics.lib_ter import translation_edit_rate

from attnlab.evaluation.ter import num_edits


@pytest.mark.parametrize(
    ("hypothesis", "reference", "edits"),
    [
        ("", "", 0),
        ("", "a b", 2),
        ("a b c", "", 3),
        ("a b c", "a b c", 0),
        ("a b", "a x b", 1),
        ("c d a b", "a b c d", 1),  # one shift
        ("x y z", "a b c", 3),
    ],
)
def test_edits_by_hand(hypothesis: str, reference: str, edits: int) -> None:
    assert num_edits(hypothesis.split(), reference.split()) == edits


@pytest.mark.parametrize("size", [1, 2, 4, 8, 16, 32])
def test_equals_sacrebleu(size: int) -> None:
    """The fast path against its naive reference, on frequent words so that many shifts are worth a try."""
    choose = random.Random(size)
    vocabulary = [f"w{index}" for index in range(40)]
    weights = [1 / (rank + 1) for rank in range(40)]
    for _ in range(10):
        reference = choose.choices(vocabulary, weights, k=choose.randint(0, size))
        hypothesis = choose.choices(vocabulary, weights, k=choose.randint(0, size))
        shuffled = choose.sample(reference, len(reference))
        for words in (hypothesis, shuffled, reference + hypothesis):
            assert num_edits(words, reference) == translation_edit_rate(words, reference)[0]


def test_equals_sacrebleu_at_its_limits() -> None:
    """Shuffled long sentences meet the limit of 1,000 shifts; very unequal lengths meet the wide beam."""
    choose = random.Random(0)
    reference = choose.choices("abcdefghijklmnopqrstuvwxyz", k=45)
    assert (
        num_edits(shuffled := choose.sample(reference, 45), reference) == translation_edit_rate(shuffled, reference)[0]
    )
    long = choose.choices("abc", k=200)
    for words in (["a", "b"], ["c"]):
        assert num_edits(words, long) == translation_edit_rate(words, long)[0]
        assert num_edits(long, words) == translation_edit_rate(long, words)[0]
