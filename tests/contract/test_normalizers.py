"""The laws every normalizer keeps (and the ones `monotonic` is known to break)."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from normalizer_oracles import ORACLES
from omegaconf import OmegaConf
from torch.testing import assert_close

from attnlab.attention.normalizers.normalizer import Normalizer
from attnlab.attention.past import Past
from attnlab.experiment.components import component
from attnlab.masking import length_mask

CONF = Path(__file__).parents[2] / "conf"
SPARSE = {"sparsemax", "entmax15", "entmax"}
LEARNED = {"softmax_learned_temperature", "entmax", "monotonic"}
DTYPES = [torch.float64, torch.float32, torch.bfloat16]


def build(name: str, **values: float) -> Normalizer:
    """From its yaml, in training, in float64, without noise; parameters are moved from where they start."""
    node = OmegaConf.load(CONF / "model" / "normalizer" / f"{name}.yaml")
    assert isinstance(node, type(OmegaConf.create({})))
    silent = {"noise": 0.0} if "noise" in node else {}
    config = OmegaConf.create({"model": {"normalizer": OmegaConf.merge(node, silent, values)}})
    normalizer = component(config, "model.normalizer", Normalizer).double()
    with torch.no_grad():
        for parameter in normalizer.parameters():
            parameter.add_(0.3)
    return normalizer


def past_of(scores: torch.Tensor, before: torch.Tensor | None = None) -> Past:
    """Before the first step, or after one with these weights."""
    rows = scores[:, 0] if scores.dim() == 4 else scores
    if before is None:
        before = torch.zeros_like(rows)
        before[..., 0] = 1
    return Past(torch.zeros(rows.shape[:2], dtype=torch.long), before, torch.zeros_like(rows))


def normalize(
    normalizer: Normalizer, scores: torch.Tensor, mask: torch.Tensor | None = None, before: torch.Tensor | None = None
) -> torch.Tensor:
    if mask is None:
        mask = torch.ones_like(scores, dtype=torch.bool)
    weights: torch.Tensor = normalizer(scores, mask, past_of(scores, before))
    return weights


def random_scores(*shape: int, scale: float = 1.5) -> torch.Tensor:
    torch.manual_seed(1)
    return scale * torch.randn(shape, dtype=torch.float64)


def random_weights(*shape: int) -> torch.Tensor:
    torch.manual_seed(2)
    return torch.rand(shape, dtype=torch.float64).softmax(dim=-1)


def expected(name: str, normalizer: Normalizer, row: list[float], before: list[float]) -> list[float]:
    node = OmegaConf.load(CONF / "model" / "normalizer" / f"{name}.yaml")
    numbers = {str(key): value for key, value in node.items() if isinstance(value, float)}
    learned = {key: parameter.item() for key, parameter in normalizer.named_parameters()}
    return ORACLES[name](numbers | learned, row, before)


@pytest.fixture(params=sorted(ORACLES))
def name(request: pytest.FixtureRequest) -> str:
    """Every normalizer, one after the other."""
    return str(request.param)


def test_files_yamls_and_oracles_have_the_same_names(repository: Path) -> None:
    folder = repository / "src" / "attnlab" / "attention" / "normalizers"
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "normalizer", "sparse"}
    yamls = {path.stem for path in (CONF / "model" / "normalizer").glob("*.yaml")}
    assert modules == yamls == set(ORACLES)


@pytest.mark.parametrize("scale", [0.1, 1.5, 20.0])
def test_equals_the_definition_written_as_a_loop(name: str, scale: float) -> None:
    normalizer = build(name)
    scores, before = random_scores(3, 4, 6, scale=scale), random_weights(3, 4, 6)
    mask = length_mask(torch.tensor([6, 4, 1]), 6).unsqueeze(1)
    weights = normalize(normalizer, scores, mask, before.masked_fill(~mask, 0.0))
    for row, length in enumerate([6, 4, 1]):
        for query in range(4):
            wanted = expected(
                name, normalizer, scores[row, query, :length].tolist(), before[row, query, :length].tolist()
            )
            assert_close(weights[row, query, :length], torch.tensor(wanted, dtype=torch.float64), rtol=0.0, atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(
    row=st.lists(st.floats(-30.0, 30.0) | st.sampled_from([0.0, 1.0, -1.0]), min_size=1, max_size=7),
    seed=st.integers(0, 9),
)
@pytest.mark.parametrize("name", sorted(ORACLES))
def test_equals_the_definition_for_ties_and_edges_too(name: str, row: list[float], seed: int) -> None:
    normalizer = build(name)
    before = torch.rand(1, 1, len(row), dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    weights = normalize(normalizer, torch.tensor([[row]], dtype=torch.float64), None, before)
    wanted = torch.tensor(expected(name, normalizer, row, before[0, 0].tolist()), dtype=torch.float64)
    assert_close(weights[0, 0], wanted, rtol=0.0, atol=1e-10)


def test_gradients_are_those_of_the_numbers(name: str) -> None:
    normalizer = build(name)
    names = [key for key, _ in normalizer.named_parameters()]
    mask = torch.tensor([[True, True, False, True, True]])

    def weights(scores: torch.Tensor, before: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        arguments = (scores, mask, past_of(scores, before))
        result: torch.Tensor = torch.func.functional_call(
            normalizer, dict(zip(names, parameters, strict=True)), arguments
        )
        return result + 0 * before

    inputs = (random_scores(1, 3, 5), random_weights(1, 3, 5), *(p.detach() for p in normalizer.parameters()))
    assert torch.autograd.gradcheck(weights, tuple(each.clone().requires_grad_() for each in inputs))


@pytest.mark.parametrize("garbage", [1e4, -1e4, float("inf"), float("-inf"), float("nan")])
def test_padding_is_invisible(name: str, garbage: float) -> None:
    normalizer = build(name)
    scores = random_scores(2, 3, 5)
    padded = torch.cat([scores, torch.full((2, 3, 2), garbage, dtype=torch.float64)], dim=-1).requires_grad_()
    weights = normalize(normalizer, padded, length_mask(torch.tensor([5, 5]), 7).unsqueeze(1))
    assert_close(weights[..., :5], normalize(normalizer, scores))
    assert (weights[..., 5:] == 0).all()
    weights.square().sum().backward()
    assert padded.grad is not None
    assert padded.grad.isfinite().all()
    assert not padded.grad[..., 5:].any()


def test_a_mask_may_have_holes(name: str) -> None:
    normalizer = build(name)
    scores, before = random_scores(1, 3, 5), random_weights(1, 3, 5)
    before[..., [0, 3]] = 0
    mask = torch.tensor([[[False, True, True, False, True]]])
    weights = normalize(normalizer, scores, mask, before)
    assert not weights[..., [0, 3]].any()
    assert_close(weights[..., [1, 2, 4]], normalize(normalizer, scores[..., [1, 2, 4]], None, before[..., [1, 2, 4]]))


def test_rows_do_not_influence_each_other(name: str) -> None:
    normalizer = build(name)
    scores, before = random_scores(2, 3, 5), random_weights(2, 3, 5)
    mask = length_mask(torch.tensor([5, 3]), 5).unsqueeze(1)
    together = normalize(normalizer, scores, mask, before)
    for row in range(2):
        for query in range(3):
            one = (slice(row, row + 1), slice(query, query + 1))
            assert_close(together[one], normalize(normalizer, scores[one], mask[row : row + 1], before[one]))


def test_weights_sum_to_one_unless_a_walk_may_pass_the_end(name: str) -> None:
    weights = normalize(build(name), random_scores(4, 5, 9))
    assert (weights >= 0).all()
    total = weights.sum(dim=-1)
    if name == "monotonic":
        assert (total < 1).all()
    else:
        assert_close(total, torch.ones_like(total))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sign", [1, -1])
def test_huge_scores_give_weights(name: str, dtype: torch.dtype, sign: int) -> None:
    scores = sign * torch.tensor([[[1e4, -1e4, 0.0, 1e4, 9e3]]], dtype=dtype)
    scores.requires_grad_()
    weights = normalize(build(name).to(dtype), scores)
    assert weights.dtype == dtype
    assert (weights >= 0).all()
    if sign == 1 and name == "monotonic":
        assert_close(weights, torch.tensor([[[1.0, 0, 0, 0, 0]]], dtype=dtype))
    elif sign == 1:
        assert_close(weights, torch.tensor([[[0.5, 0, 0, 0.5, 0]]], dtype=dtype))
    else:
        assert_close(weights, torch.tensor([[[0.0, 1, 0, 0, 0]]], dtype=dtype))
    weights.float().square().sum().backward()
    assert scores.grad is not None
    assert scores.grad.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_half_the_digits_give_the_same_weights_within_them(name: str, dtype: torch.dtype) -> None:
    scores = random_scores(2, 3, 40).to(dtype)
    exact = normalize(build(name), scores.double())
    rough = normalize(build(name).to(dtype), scores)
    assert rough.dtype == dtype
    rounding = 8 * torch.finfo(dtype).eps  # bfloat16: 0.06 of weights up to 1
    assert_close(rough.double(), exact, rtol=rounding, atol=rounding / 8)


def test_a_peak_takes_all(name: str) -> None:
    scores = random_scores(2, 3, 5)
    scores[..., 2] += 60
    scores[..., :2] -= 60  # monotonic walks on only where it cannot stop
    weights = normalize(build(name), scores)
    assert_close(weights, torch.tensor([0.0, 0, 1, 0, 0]).double().expand(2, 3, 5))
    if name in SPARSE:
        assert (weights[..., 2] == 1).all()


def test_one_position_gets_all_the_weight(name: str) -> None:
    scores = random_scores(2, 3, 1)
    weights = normalize(build(name), scores)
    assert_close(weights, (scores + 0.3).sigmoid() if name == "monotonic" else torch.ones_like(scores))


def test_a_row_without_positions_gets_zeros_and_zero_gradients(name: str) -> None:
    normalizer = build(name)
    scores = random_scores(2, 3, 5).requires_grad_()
    weights = normalize(normalizer, scores, length_mask(torch.tensor([0, 0]), 5).unsqueeze(1))
    assert not weights.any()
    weights.square().sum().backward()
    for tensor in (scores, *normalizer.parameters()):
        assert tensor.grad is not None
        assert not tensor.grad.any()


def test_a_constant_added_to_all_scores_changes_nothing_but_a_walk(name: str) -> None:
    normalizer = build(name)
    scores = random_scores(2, 3, 5)
    shifted = normalize(normalizer, scores + 3)
    assert torch.allclose(shifted, normalize(normalizer, scores), rtol=0.0, atol=1e-12) == (name != "monotonic")


def test_weights_are_permuted_with_the_scores_except_on_a_walk(name: str) -> None:
    normalizer = build(name)
    scores = random_scores(2, 3, 5)
    order = torch.tensor([3, 0, 4, 1, 2])
    permuted = normalize(normalizer, scores[..., order])
    same = torch.allclose(permuted, normalize(normalizer, scores)[..., order], rtol=0.0, atol=1e-12)
    assert same == (name != "monotonic")


def test_sparse_normalizers_give_exact_zeros_and_the_others_none(name: str) -> None:
    weights = normalize(build(name), torch.tensor([[[0.5, 0.0, -3.0, -4.0]]], dtype=torch.float64))
    assert (weights[..., :2] > 0).all()
    assert (weights[..., 2:] == 0).all() == (name in SPARSE)


def test_parameters_change_the_weights_and_get_gradients(name: str) -> None:
    normalizer = build(name)
    parameters = list(normalizer.parameters())
    assert bool(parameters) == (name in LEARNED)
    scores = random_scores(2, 3, 5)
    first = normalize(normalizer, scores)
    (first * torch.arange(5)).sum().add(0 * scores.requires_grad_().sum()).backward()
    for parameter in parameters:
        assert parameter.grad is not None
        assert parameter.grad.abs() > 1e-3
        with torch.no_grad():
            parameter.add_(1)
        assert (normalize(normalizer, scores) - first).abs().max() > 1e-3


@pytest.mark.parametrize("mask_shape", [(2, 1, 5), (2, 3, 5)])
def test_a_mask_is_broadcast_over_queries(name: str, mask_shape: tuple[int, ...]) -> None:
    scores = random_scores(2, 3, 5)
    mask = length_mask(torch.tensor([5, 2]), 5).unsqueeze(1)
    assert_close(
        normalize(build(name), scores, mask.expand(mask_shape).contiguous()),
        normalize(build(name), scores, mask.expand(2, 3, 5)),
    )


@pytest.mark.parametrize("name", sorted(ORACLES.keys() - {"monotonic"}))  # which refuses heads
def test_heads_are_normalized_each_for_itself(name: str) -> None:
    normalizer = build(name)
    scores = random_scores(2, 4, 3, 5)
    mask = length_mask(torch.tensor([5, 2]), 5)[:, None, None]
    weights = normalize(normalizer, scores, mask)
    for head in range(4):
        assert_close(weights[:, head], normalize(normalizer, scores[:, head], mask[:, 0]))


def test_only_a_walk_remembers(name: str) -> None:
    normalizer = build(name)
    scores = random_scores(2, 3, 5)
    moved = random_weights(2, 3, 5)
    depends = not torch.equal(normalize(normalizer, scores, None, moved), normalize(normalizer, scores))
    assert depends == normalizer.remembers == (name == "monotonic")


@pytest.mark.parametrize("temperature", [0.25, 3.0])
@pytest.mark.parametrize("soft", ["softmax", "softmax_learned_temperature"])
def test_a_temperature_divides_the_scores(soft: str, temperature: float) -> None:
    divided: Callable[[torch.Tensor], torch.Tensor] = torch.nn.Softmax(dim=-1)
    normalizer = build(soft, temperature=temperature)
    with torch.no_grad():
        for parameter in normalizer.parameters():
            parameter.sub_(0.3)  # back to where it starts
    scores = random_scores(2, 3, 5)
    assert_close(normalize(normalizer, scores), divided(scores / temperature), rtol=1e-6, atol=1e-7)
