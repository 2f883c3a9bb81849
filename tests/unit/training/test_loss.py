"""The cross-entropy is torch's own and the coverage loss its paper's, both counted over real tokens only."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.testing import assert_close

from attnlab.errors import ConfigError
from attnlab.seq2seq.model import Prediction
from attnlab.text.special import PAD
from attnlab.training import output_loss
from attnlab.training.loss import LabelSmoothedCrossEntropy, TranslationLoss, coverage_loss


@pytest.fixture
def logits() -> Tensor:
    torch.manual_seed(0)
    return (3 * torch.randn(2, 4, 7, dtype=torch.float64)).requires_grad_()


LABELS = torch.tensor([[4, 5, 6, 3], [1, 3, PAD, PAD]])


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_it_is_torch_s_in_value_and_gradient(logits: Tensor, smoothing: float) -> None:
    ours = LabelSmoothedCrossEntropy(label_smoothing=smoothing)(logits, LABELS)
    flat, labels = logits.flatten(0, 1), LABELS.flatten()
    theirs = cross_entropy(flat, labels, ignore_index=PAD, label_smoothing=smoothing)
    assert_close(ours.smoothed, theirs, rtol=0, atol=1e-12)
    assert_close(ours.nll, cross_entropy(flat, labels, ignore_index=PAD).detach(), rtol=0, atol=1e-12)
    assert_close(torch.autograd.grad(ours.smoothed, logits), torch.autograd.grad(theirs, logits), rtol=0, atol=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_padding_counts_for_nothing(logits: Tensor, smoothing: float) -> None:
    loss = LabelSmoothedCrossEntropy(label_smoothing=smoothing)
    whole = loss(logits, LABELS)
    longer = torch.cat([logits, torch.full((2, 3, 7), 1e4, dtype=torch.float64)], dim=1)
    padded = loss(longer, torch.cat([LABELS, torch.full((2, 3), PAD)], dim=1))
    assert_close(padded, whole)
    (gradient,) = torch.autograd.grad(whole.smoothed, logits)
    assert not gradient[1, 2:].any()


def test_a_worked_example() -> None:
    """Two words, probabilities 1/4 and 3/4, the first is right, a tenth is smoothed."""
    logits = torch.tensor([[[0.0, 0.0, 0.0]]]) - torch.tensor([math.inf, 0.0, 0.0])
    assert LabelSmoothedCrossEntropy(label_smoothing=0.0)(logits, torch.tensor([[1]])).nll == pytest.approx(math.log(2))
    logits = torch.tensor([[[1.0, 1.0]]]).log() + torch.tensor([3.0, 1.0]).log()
    smoothed = LabelSmoothedCrossEntropy(label_smoothing=0.1)(logits, torch.tensor([[1]])).smoothed
    by_hand = 0.9 * math.log(4) + 0.1 * (math.log(4) + math.log(4 / 3)) / 2
    assert smoothed.item() == pytest.approx(by_hand)


def test_bfloat16_logits_are_scored_in_float32(logits: Tensor) -> None:
    loss = LabelSmoothedCrossEntropy(label_smoothing=0.1)
    rough = loss(logits.bfloat16(), LABELS)
    assert rough.smoothed.dtype == torch.float32
    assert_close(rough.smoothed, loss(logits.bfloat16().float(), LABELS).smoothed, rtol=0, atol=0)


@pytest.mark.parametrize("smoothing", [-0.1, 1.0, math.nan])
def test_smoothing_is_a_share(smoothing: float) -> None:
    with pytest.raises(ConfigError, match=r"label_smoothing is a share in \[0, 1\), not"):
        LabelSmoothedCrossEntropy(label_smoothing=smoothing)


@pytest.fixture
def prediction(weights: Tensor) -> Prediction:
    """Outputs of 3 numbers for 7 words."""
    torch.manual_seed(2)
    outputs = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    return Prediction(outputs, nn.Linear(3, 7, dtype=torch.float64), weights)


@pytest.fixture
def weights() -> Tensor:
    """Two targets of 4 and 2 steps over 5 source positions, of which the second has 3; steps of padding are garbage."""
    torch.manual_seed(1)
    raw = (2 * torch.randn(2, 4, 5, dtype=torch.float64)).softmax(dim=-1)
    raw[1, :, 3:] = 0
    raw[1, 2:] = 7
    return raw.requires_grad_()


def test_the_coverage_loss_equals_its_equation_written_as_a_loop(weights: Tensor) -> None:
    total, tokens = torch.zeros((), dtype=torch.float64), 0
    for row, length in enumerate([4, 2]):
        covered = [torch.zeros((), dtype=torch.float64)] * 5
        for step in range(length):
            for position in range(5):
                weight = weights[row, step, position]
                total = total + torch.min(weight, covered[position])
                covered[position] = covered[position] + weight
            tokens += 1
    expected, ours = total / tokens, coverage_loss(weights, LABELS != PAD)
    assert_close(ours, expected, rtol=0, atol=1e-12)
    gradients = [torch.autograd.grad(each, weights)[0] for each in (ours, expected)]
    assert_close(gradients[0], gradients[1], rtol=0, atol=1e-12)
    assert not gradients[0][1, 2:].any()


@pytest.mark.parametrize(
    ("read", "cost"),
    [
        ([[1.0, 0.0], [0.0, 1.0]], 0.0),  # every word once
        ([[1.0, 0.0], [1.0, 0.0]], 0.5),  # the second step reads the same again
        ([[0.5, 0.5], [0.25, 0.75]], (0.25 + 0.5) / 2),
        ([[0.3, 0.7]], 0.0),  # a first step has nothing to repeat
    ],
)
def test_worked_examples_of_the_coverage_loss(read: list[list[float]], cost: float) -> None:
    real = torch.ones(1, len(read), dtype=torch.bool)
    assert coverage_loss(torch.tensor([read]), real).item() == pytest.approx(cost)


def test_the_gradient_of_the_coverage_loss_is_that_of_the_numbers() -> None:
    torch.manual_seed(1)
    weights = torch.rand(2, 4, 3, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda each: coverage_loss(each, LABELS != PAD), (weights,))


def test_bfloat16_weights_are_added_up_in_float32(weights: Tensor) -> None:
    rough = coverage_loss(weights.bfloat16(), LABELS != PAD)
    assert rough.dtype == torch.float32
    assert_close(rough, coverage_loss(weights.bfloat16().float(), LABELS != PAD), rtol=0, atol=0)


def test_the_coverage_loss_is_added_by_its_weight(prediction: Prediction, weights: Tensor) -> None:
    plain = LabelSmoothedCrossEntropy(label_smoothing=0.1)(prediction.logits, LABELS)
    both = TranslationLoss(label_smoothing=0.1, coverage=0.5)(prediction, LABELS)
    covered = coverage_loss(weights, LABELS != PAD)
    assert_close(both.total, plain.smoothed + 0.5 * covered)
    assert_close((both.nll, both.coverage), (plain.nll, covered.detach()))
    assert torch.autograd.grad(both.total, weights)[0].any()


def test_without_a_weight_there_is_no_coverage_loss(prediction: Prediction, weights: Tensor) -> None:
    loss = TranslationLoss(label_smoothing=0.1, coverage=0.0)
    plain = LabelSmoothedCrossEntropy(label_smoothing=0.1)(prediction.logits, LABELS)
    for given in (prediction, replace(prediction, weights=None)):
        off = loss(given, LABELS)
        assert_close((off.total, off.nll), (plain.smoothed, plain.nll), rtol=0, atol=1e-12)
        assert off.coverage is None
    (gradient,) = torch.autograd.grad(loss(prediction, LABELS).total, weights, allow_unused=True)
    assert gradient is None


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("even", [1, 3, 64])
@pytest.mark.parametrize("chunk", [1, 48, output_loss.CHUNK])
def test_scoring_outputs_in_chunks_equals_scoring_logits(
    prediction: Prediction, smoothing: float, chunk: int, even: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values and every gradient; 7 words filled up to 16, so 1 row, 3 rows and all 6 real ones at a time."""
    monkeypatch.setattr(output_loss, "CHUNK", chunk)
    monkeypatch.setattr(output_loss, "EVEN", even)
    loss, vocabulary = LabelSmoothedCrossEntropy(label_smoothing=smoothing), prediction.vocabulary
    read = [prediction.outputs, vocabulary.weight, vocabulary.bias]
    naive, fast = loss(prediction.logits, LABELS), loss.of_outputs(prediction.outputs, vocabulary, LABELS)
    assert_close(fast, naive, rtol=0, atol=1e-12)
    expected = torch.autograd.grad(3 * naive.smoothed, read)
    assert_close(torch.autograd.grad(3 * fast.smoothed, read), expected, rtol=0, atol=1e-12)


def test_a_second_pass_through_scored_outputs_is_refused(prediction: Prediction) -> None:
    loss = LabelSmoothedCrossEntropy(label_smoothing=0.1).of_outputs(prediction.outputs, prediction.vocabulary, LABELS)
    loss.smoothed.backward(retain_graph=True)
    with pytest.raises(AttributeError, match="gradients"):
        loss.smoothed.backward()


def test_a_sure_word_keeps_its_small_gradient_in_bfloat16() -> None:
    """In bfloat16 its probability rounds to 1, and 1 - 1 would leave nothing."""
    vocabulary = nn.Linear(1, 2)
    with torch.no_grad():
        vocabulary.weight.copy_(torch.tensor([[8.0], [0.0]]))
        vocabulary.bias.zero_()
    outputs, label = torch.ones(1, 1, 1).bfloat16().requires_grad_(), torch.zeros(1, 1, dtype=torch.long)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = output_loss.sum_losses(outputs.flatten(0, 1), vocabulary, label.flatten(), smoothing=0.0)
    loss.smoothed.backward()
    assert outputs.grad is not None
    assert outputs.grad.item() == pytest.approx(-8 / (1 + math.exp(8)), rel=0.01)


def test_outputs_are_scored_in_mixed_precision_with_gradients_in_full(prediction: Prediction) -> None:
    vocabulary = prediction.vocabulary.float()
    outputs = prediction.outputs.detach().float().requires_grad_()
    loss = LabelSmoothedCrossEntropy(label_smoothing=0.1)
    exact = loss.of_outputs(outputs, vocabulary, LABELS)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = loss.of_outputs(outputs.bfloat16(), vocabulary, LABELS)
    assert rough.smoothed.dtype == rough.nll.dtype == torch.float32
    assert_close(rough, exact, rtol=0.02, atol=0.02)
    read = [outputs, vocabulary.weight, vocabulary.bias]
    gradients = torch.autograd.grad(rough.smoothed, read)
    assert [each.dtype for each in gradients] == 3 * [torch.float32]
    assert_close(gradients, torch.autograd.grad(exact.smoothed, read), rtol=0.05, atol=0.02)


@pytest.mark.parametrize("coverage", [-0.1, math.inf, math.nan])
def test_the_weight_of_the_coverage_loss_is_a_number_from_zero(coverage: float) -> None:
    with pytest.raises(ConfigError, match=r"loss\.coverage is the weight of the coverage loss, a number from 0, not"):
        TranslationLoss(label_smoothing=0.0, coverage=coverage)
