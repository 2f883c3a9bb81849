"""The loss is torch's own, counted over real tokens only."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.testing import assert_close

from attnlab.errors import ConfigError
from attnlab.text.special import PAD
from attnlab.training.loss import LabelSmoothedCrossEntropy


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
