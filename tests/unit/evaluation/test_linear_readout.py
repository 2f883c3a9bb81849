import pytest
import torch
from torch import Tensor

from attnlab.evaluation.linear_readout import fit_classifier, fit_table, guess_beside, read_out
from attnlab.evaluation.probe import NO_WORD, ProbedSentence, word_identities

pytestmark = pytest.mark.usefixtures("float64")


def naive_scores(features: Tensor, labels: Tensor, asked: Tensor, penalty: float) -> Tensor:
    """log pi_c - (x - u_c)^T C^{-1} (x - u_c) / 2 with a loop over classes; each row is compared up to a constant."""
    classes = range(int(labels.max()) + 1)
    means = torch.stack([features[labels == each].mean(dim=0) for each in classes])
    within = features - means[labels]
    unit = (features - features.mean(dim=0)).square().mean()
    covariance = within.T @ within / len(features) + penalty * unit * torch.eye(features.shape[1])
    scores = []
    for each in classes:
        away = asked - means[each]
        distance = (away @ covariance.inverse() * away).sum(dim=1)
        scores.append((labels == each).double().mean().log() - distance / 2)
    return torch.stack(scores, dim=1)


@pytest.fixture
def sentences() -> list[ProbedSentence]:
    """Of 12 words in any order."""
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(4, 16, (60, 8), generator=generator).tolist()
    return [ProbedSentence(tokens, list(range(8))) for tokens in drawn]


def accuracies(features: Tensor, sentences: list[ProbedSentence], offset: int) -> list[float]:
    words = word_identities(sentences, reach=1)
    there = words[:, offset + 1] != NO_WORD
    folds = torch.arange(len(sentences)).repeat_interleave(8) % 5
    asked, own, known = words[there, offset + 1], words[there, 1], folds[there]
    found = (
        read_out(features[there], asked, known, num_classes=int(words.max()) + 1),
        guess_beside(own, asked, known),
        guess_beside(torch.zeros_like(own), asked, known),
    )
    return [float(right.double().mean()) for right in found]


def test_the_classifier_is_linear_discriminant_analysis() -> None:
    features, labels = torch.randn(50, 4) @ torch.randn(4, 4) + 3.0, torch.arange(50) % 3
    asked = torch.randn(20, 4) + 3.0
    for fitted, penalty in zip(fit_classifier(features, labels, [0.1, 2.0], num_classes=3), [0.1, 2.0], strict=True):
        scores = (asked - fitted.mean) @ fitted.weight + fitted.bias
        naive = naive_scores(features, labels, asked, penalty)
        torch.testing.assert_close(scores - scores[:, :1], naive - naive[:, :1])
        assert torch.equal(fitted.predict(asked), naive.argmax(dim=1))


def test_the_scale_of_the_states_does_not_matter() -> None:
    features, labels = torch.randn(50, 4), torch.randint(0, 3, (50,))
    (fitted,) = fit_classifier(features, labels, [0.1], num_classes=3)
    (scaled,) = fit_classifier(1e-3 * features, labels, [0.1], num_classes=3)
    assert torch.equal(fitted.predict(features), scaled.predict(1e-3 * features))


def test_a_class_without_a_state_is_never_chosen() -> None:
    (fitted,) = fit_classifier(torch.randn(30, 4), torch.arange(30) % 2 * 2, [0.1], num_classes=4)
    assert set(fitted.predict(torch.randn(100, 4)).tolist()) == {0, 2}


def test_states_that_are_all_the_same_give_the_most_frequent_word() -> None:
    (fitted,) = fit_classifier(torch.ones(5, 2), torch.tensor([0, 1, 1, 1, 2]), [0.1], num_classes=3)
    assert fitted.predict(torch.ones(2, 2)).tolist() == [1, 1]


def test_the_table_holds_the_most_frequent_word_beside_each() -> None:
    given, words = torch.tensor([7, 7, 7, 8, 9, 9]), torch.tensor([1, 1, 2, 2, 2, 2])
    (table,) = fit_table(given, words, [0.0])
    assert table.predict(torch.tensor([7, 8, 9, 6])).tolist() == [1, 2, 2, 2]  # 6 was never seen


def test_a_backoff_trusts_a_word_seen_once_less_than_all_others() -> None:
    given, words = torch.tensor([7, 8, 8, 8, 8]), torch.tensor([1, 2, 2, 2, 2])
    before, after = fit_table(given, words, [0.0, 10.0])
    assert before.predict(torch.tensor([7])).tolist() == [1]
    assert after.predict(torch.tensor([7])).tolist() == [2]  # 10 states more: 1 + 2 against 8


def test_a_memory_that_copies_its_word_tells_it_and_no_other(sentences: list[ProbedSentence]) -> None:
    embedding = torch.randn(16, 20)
    copied = torch.cat([embedding[each.tokens] for each in sentences])
    assert accuracies(copied, sentences, 0)[:2] == [1.0, 1.0]
    for offset in (-1, 1):
        linear, own_word, majority = accuracies(copied, sentences, offset)
        assert max(linear, own_word, majority) < 0.2


def test_a_memory_of_the_word_before_tells_the_word_at_minus_one(sentences: list[ProbedSentence]) -> None:
    embedding = torch.randn(16, 20)
    shifted = torch.cat([torch.nn.functional.pad(embedding[each.tokens], (0, 0, 1, 0))[:-1] for each in sentences])
    linear, own_word, _ = accuracies(shifted, sentences, -1)
    assert linear == 1.0
    assert own_word < 0.2
    assert max(accuracies(shifted, sentences, offset)[0] for offset in (0, 1)) < 0.25


def test_what_follows_from_the_own_word_needs_no_memory() -> None:
    turns = [ProbedSentence([4, 5] * 4, list(range(8))) for _ in range(10)]
    linear, own_word, majority = accuracies(torch.randn(80, 3), turns, 1)
    assert own_word == 1.0
    assert linear < 0.8
    assert majority == 4 / 7  # of the words that follow another


def test_a_word_of_one_fold_alone_is_never_guessed() -> None:
    words, folds = torch.tensor([0, 1, 2, 3] * 10), torch.tensor([0, 1, 2, 3] * 10)
    assert not read_out(torch.nn.functional.one_hot(words).double(), words, folds, num_classes=4).any()
    assert not guess_beside(words, words, folds).any()
