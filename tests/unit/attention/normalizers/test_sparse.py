"""Sparsemax and entmax: examples to check by hand, limits of alpha, digits."""

import pytest
import torch
from torch.testing import assert_close

from attnlab.attention.normalizers import entmax
from attnlab.attention.normalizers.entmax import Entmax
from attnlab.attention.normalizers.entmax15 import Entmax15
from attnlab.attention.normalizers.normalizer import Normalizer
from attnlab.attention.normalizers.softmax import Softmax
from attnlab.attention.normalizers.sparsemax import Sparsemax
from attnlab.attention.past import Past
from attnlab.errors import ConfigError

NO_PAST = Past(torch.zeros(1, 1, dtype=torch.long), None, None)


def normalize(normalizer: Normalizer, scores: torch.Tensor) -> torch.Tensor:
    weights: torch.Tensor = normalizer(scores, torch.ones_like(scores, dtype=torch.bool), NO_PAST)
    return weights


def entmax_at(logit: float) -> Entmax:
    """Alpha is 1.001 + 0.999 sigmoid(logit)."""
    normalizer = Entmax(1.5).double()
    with torch.no_grad():
        normalizer.logit.fill_(logit)
    return normalizer


def random_scores(*shape: int) -> torch.Tensor:
    torch.manual_seed(1)
    return 1.5 * torch.randn(shape, dtype=torch.float64)


def test_sparsemax_by_hand() -> None:
    """The threshold is 0.25: 1 - 0.25 and 0.5 - 0.25 sum to 1."""
    weights = normalize(Sparsemax(), torch.tensor([[[1.0, 0.5, -1.0]]]))
    assert_close(weights, torch.tensor([[[0.75, 0.25, 0.0]]]))


def test_entmax15_by_hand() -> None:
    """The threshold is 0: 0.8 and 0.6, halves of the scores, have squares that sum to 1."""
    weights = normalize(Entmax15(), torch.tensor([[[1.6, 1.2, 0.0, -5.0]]]))
    assert_close(weights, torch.tensor([[[0.64, 0.36, 0.0, 0.0]]]))


def test_entmax_at_five_thirds_by_hand() -> None:
    """With alpha = 5/3 the weights are [2/3 e - tau]^(3/2): tau = 0 and scores 3/2 p^(2/3) for p of 0.7, 0.3."""
    scores = torch.tensor([[[1.5 * 0.7 ** (2 / 3), 1.5 * 0.3 ** (2 / 3), 0.0]]], dtype=torch.float64)
    wanted = torch.tensor([[[0.7, 0.3, 0.0]]], dtype=torch.float64)
    assert_close(normalize(Entmax(5 / 3).double(), scores), wanted, rtol=0.0, atol=1e-6)


@pytest.mark.parametrize("alpha", [1.001 + 1e-12, 1.25, 1.5, 2 - 1e-12])
def test_entmax_starts_where_it_is_told(alpha: float) -> None:
    normalizer = Entmax(alpha)
    assert_close(normalizer.alpha, torch.tensor(alpha))
    assert normalizer.logit.isfinite()


def test_entmax_lies_between_softmax_and_sparsemax() -> None:
    scores = random_scores(2, 3, 6).requires_grad_()
    assert_close(normalize(entmax_at(-50.0), scores), normalize(Softmax(1.0), scores), rtol=0.0, atol=2e-3)
    middle = torch.tensor((1.5 - 1.001) / 0.999, dtype=torch.float64).logit().item()
    assert_close(normalize(entmax_at(middle), scores), normalize(Entmax15(), scores), rtol=0.0, atol=1e-12)
    assert_close(normalize(entmax_at(50.0), scores), normalize(Sparsemax(), scores), rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("logit", [-50.0, 50.0])
def test_entmax_has_gradients_at_the_ends_of_its_range(logit: float) -> None:
    scores = random_scores(2, 3, 6).requires_grad_()
    limit: Normalizer = Softmax(1.0) if logit < 0 else Sparsemax()
    (wanted,) = torch.autograd.grad(normalize(limit, scores).square().sum(), scores)
    normalizer = entmax_at(logit)
    found, of_logit = torch.autograd.grad(normalize(normalizer, scores).square().sum(), (scores, normalizer.logit))
    assert_close(found, wanted, rtol=0.0, atol=2e-3)
    assert of_logit.isfinite()


@pytest.mark.parametrize("alpha", [1.002, 1.01, 1.5, 1.99])
def test_float32_keeps_its_digits_for_every_alpha(alpha: float) -> None:
    scores = random_scores(20, 3, 30).float()
    gradient = random_scores(20, 3, 30)
    found = []
    for dtype in (torch.float32, torch.float64):
        normalizer = Entmax(alpha).to(dtype)
        weights = normalize(normalizer, scores.to(dtype))
        (weights * gradient.to(dtype)).sum().backward()
        assert normalizer.logit.grad is not None
        found.append((weights.double(), normalizer.logit.grad.double() / (alpha - 1.001)))
    assert_close(found[0][0], found[1][0], rtol=1e-5, atol=1e-6)
    assert_close(found[0][1], found[1][1], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("logit", [-50.0, -4.0, 0.0, 4.0, 50.0])
def test_newtons_method_needs_few_steps(dtype: torch.dtype, logit: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entmax, "MAX_STEPS", 12)
    steady = -(torch.tensor([0.3, 0.5, 0.8, 0.9, 0.99]).unsqueeze(1) ** torch.arange(200))
    rows = [
        torch.zeros(1, 1000),
        steady,
        -1 - steady,
        2 * steady,
        torch.linspace(-2, 0, 500).unsqueeze(0),
        *(scale * random_scores(50, size).float() for scale in (0.01, 1, 30) for size in (2, 30, 1000)),
    ]
    for scores in rows:
        weights = normalize(entmax_at(logit).to(dtype), scores.to(dtype))
        assert_close(weights.sum(dim=-1), torch.ones(len(scores), dtype=dtype), rtol=0.0, atol=1e-4)


@pytest.mark.parametrize("alpha", [1.0, 1.001, 2.0, 0.5, float("nan")])
def test_entmax_refuses_an_alpha_outside_its_range(alpha: float) -> None:
    with pytest.raises(ConfigError, match=rf"between 1\.001 and 2, and it cannot start at {alpha}: set model.norm"):
        Entmax(alpha)


def test_a_score_of_nan_ends_in_nan_and_not_in_a_loop() -> None:
    assert normalize(Entmax(1.5), torch.tensor([[[float("nan"), 1.0]]])).isnan().any()
