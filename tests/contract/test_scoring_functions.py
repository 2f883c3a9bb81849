"""The laws every scoring function keeps (and the ones some are known to break)."""

import re
from pathlib import Path

import pytest
import torch
from builders import BuildScoring
from multi_head_oracles import ORACLES as MULTI_HEAD
from remembering_oracles import ORACLES as REMEMBERING
from scoring_oracles import ORACLES
from torch.testing import assert_close

from attnlab.attention.attend import Attended, Attention
from attnlab.attention.normalizers.softmax import Softmax
from attnlab.attention.scoring import ScoringFunction
from attnlab.attention.windows.whole import Whole
from attnlab.masking import length_mask, masked_softmax


def read(scoring: ScoringFunction, query: torch.Tensor, states: torch.Tensor, lengths: list[int]) -> Attended:
    mask = length_mask(torch.tensor(lengths), states.shape[1])
    attention = Attention(scoring=scoring, normalizer=Softmax(1.0), window=Whole())
    memory = attention.start(states, mask)
    return attention.run(query, memory, attention.first(memory))


def random_inputs(batch: int = 2, target: int = 3, source: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return (
        torch.randn(batch, target, 8, dtype=torch.float64),
        torch.randn(batch, source, 8, dtype=torch.float64),
    )


def test_files_yamls_and_oracles_have_the_same_names(repository: Path) -> None:
    attention = repository / "src" / "attnlab" / "attention"
    parts = {"__init__", "scoring", "attend", "perceptron", "past", "heads", "collected"}
    modules = {path.stem for path in attention.glob("*.py")} - parts
    yamls = {path.stem for path in (repository / "conf" / "model" / "attention").glob("*.yaml")}
    assert modules == yamls == {*ORACLES, *MULTI_HEAD, *REMEMBERING}


def test_says_its_formula_its_source_and_its_cost(scoring_name: str, build_scoring: BuildScoring) -> None:
    scoring = type(build_scoring(scoring_name))
    assert scoring.formula.strip()
    assert scoring.source.strip()
    size = "[Shmkrfw1-9]"  # source positions, query, memory, key, rank, filters, their width
    assert re.fullmatch(rf"0|{size}(·{size})*( \+ {size}(·{size})*)*", scoring.cost)


@pytest.mark.parametrize("scoring_name", sorted(ORACLES))  # those with heads and those that remember: elsewhere
def test_equals_the_formula_written_as_a_loop(scoring_name: str, build_scoring: BuildScoring) -> None:
    scoring = build_scoring(scoring_name)
    query, states = random_inputs()
    weights = dict(scoring.named_parameters())
    expected = torch.stack(
        [
            torch.stack(
                [
                    torch.stack([ORACLES[scoring_name](weights, q, m, s) for s, m in enumerate(row_states)])
                    for q in row_query
                ]
            )
            for row_query, row_states in zip(query, states, strict=True)
        ]
    )
    assert_close(scoring(query, scoring.keys(states)), expected, rtol=0, atol=1e-10)


def test_gradients_are_those_of_the_numbers(scoring_name: str, build_scoring: BuildScoring) -> None:
    scoring = build_scoring(scoring_name)
    query, states = (tensor.requires_grad_() for tensor in random_inputs(1, 2, 3))

    def scores(query: torch.Tensor, states: torch.Tensor) -> torch.Tensor:
        return read(scoring, query, states, [3]).context + 0 * query.sum()

    assert torch.autograd.gradcheck(scores, (query, states))


def test_padding_is_invisible(scoring_name: str, build_scoring: BuildScoring) -> None:
    scoring = build_scoring(scoring_name)
    query, states = random_inputs(1, 3, 5)
    garbage = torch.full((1, 4, 8), 1e4, dtype=torch.float64)  # zeros would hide a leak
    context, *_ = read(scoring, query, states, [5])
    padded, weights, _ = read(scoring, query, torch.cat([states, garbage], dim=1), [5])
    assert_close(padded, context)
    assert (weights[..., 5:] == 0).all()


def test_rows_do_not_influence_each_other(scoring_name: str, build_scoring: BuildScoring) -> None:
    scoring = build_scoring(scoring_name)
    query, states = random_inputs()
    together, *_ = read(scoring, query, states, [5, 3])
    alone, *_ = read(scoring, query[1:], states[1:, :3], [3])
    assert_close(together[1:], alone)


def test_the_query_matters_to_all_but_the_control(scoring_name: str, build_scoring: BuildScoring) -> None:
    scoring = build_scoring(scoring_name)
    query, states = random_inputs()
    weights = read(scoring, query, states, [5, 5]).weights
    differs = not torch.allclose(weights[:, 0], weights[:, 1])
    assert differs == (scoring_name != "uniform")


def test_every_parameter_receives_a_gradient(scoring_name: str, build_scoring: BuildScoring) -> None:
    scoring = build_scoring(scoring_name)
    query, states = random_inputs()
    context, *_ = read(scoring, query, states, [5, 4])
    (context * torch.randn_like(context)).sum().add(0 * query.requires_grad_().sum()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in scoring.parameters())


def test_content_is_permuted_with_the_memory_and_position_is_not(
    scoring_name: str, build_scoring: BuildScoring
) -> None:
    scoring = build_scoring(scoring_name)
    query, states = random_inputs(1, 3, 5)
    order = torch.tensor([3, 0, 4, 1, 2])
    weights = read(scoring, query, states, [5]).weights
    permuted = read(scoring, query, states[:, order], [5]).weights
    assert torch.allclose(permuted, weights[..., order]) == scoring.content_based


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("sign", [1, -1])
def test_weights_sum_to_one_for_huge_scores(dtype: torch.dtype, sign: int) -> None:
    scores = sign * torch.tensor([[[1e4, -1e4, 0.0, 1e4]]], dtype=dtype)
    weights = masked_softmax(scores, torch.ones(1, 1, 4, dtype=torch.bool))
    assert weights.dtype == dtype
    assert_close(weights.sum(dim=-1), torch.ones(1, 1, dtype=dtype))


def test_bfloat16_is_float32_within_its_eight_bits(scoring_name: str, build_scoring: BuildScoring) -> None:
    scoring = build_scoring(scoring_name).float()
    query, states = (tensor.float() for tensor in random_inputs())
    exact = read(scoring, query, states, [5, 4]).weights
    rough = read(scoring.bfloat16(), query.bfloat16(), states.bfloat16(), [5, 4]).weights
    assert_close(rough.float(), exact, rtol=0.0, atol=0.05)


def test_a_source_of_one_word_gets_all_the_weight(scoring_name: str, build_scoring: BuildScoring) -> None:
    query, states = random_inputs(1, 3, 1)
    options = {"output_projection": False} if scoring_name in MULTI_HEAD else {}
    context, weights, _ = read(build_scoring(scoring_name, **options), query, states, [1])
    assert (weights == 1).all()
    assert_close(context, states.expand(1, 3, 8))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("size", [1e2, -1e2, 1e4])
def test_weights_are_a_distribution_however_large_query_and_memory_are(
    dtype: torch.dtype, size: float, scoring_name: str, build_scoring: BuildScoring
) -> None:
    query, states = (size * tensor for tensor in random_inputs())
    context, weights, _ = read(build_scoring(scoring_name).to(dtype), query.to(dtype), states.to(dtype), [5, 3])
    assert context.isfinite().all()
    assert (weights >= 0).all()
    assert_close(weights.double().sum(dim=-1), torch.ones(2, 3, dtype=torch.float64), rtol=0, atol=0.02)


def test_queries_of_one_sentence_influence_each_other_only_through_what_is_remembered(
    scoring_name: str, build_scoring: BuildScoring
) -> None:
    scoring = build_scoring(scoring_name)
    query, states = random_inputs()
    together = read(scoring, query, states, [5, 3])
    alone = [read(scoring, query[:, step : step + 1], states, [5, 3]) for step in range(3)]
    if scoring_name in REMEMBERING:
        assert_close(together.weights[:, :1], alone[0].weights)
        assert not torch.isclose(together.weights[0, 1:], torch.cat([each.weights[0] for each in alone[1:]])).any()
        return
    assert_close(together.context, torch.cat([each.context for each in alone], dim=1))
    assert_close(together.weights, torch.cat([each.weights for each in alone], dim=1))


def test_nothing_of_padding_reaches_a_gradient(scoring_name: str, build_scoring: BuildScoring) -> None:
    query, states = random_inputs()
    states.requires_grad_()
    read(build_scoring(scoring_name), query, states, [5, 3]).context.square().sum().backward()
    assert states.grad is not None
    assert (states.grad[1, :3] != 0).any(dim=-1).all()
    assert not states.grad[1, 3:].any()


def test_the_control_reads_the_mean(build_scoring: BuildScoring) -> None:
    query, states = random_inputs()
    context, weights, _ = read(build_scoring("uniform"), query, states, [5, 2])
    assert_close(weights[1, 0], torch.tensor([0.5, 0.5, 0, 0, 0], dtype=torch.float64))
    assert_close(context[0], states[0].mean(dim=0).expand(3, 8))
    assert_close(context[1], states[1, :2].mean(dim=0).expand(3, 8))


def test_without_its_tanh_concat_would_not_ask(build_scoring: BuildScoring) -> None:
    """A small input is hardly bent by the tanh: then the query adds one constant to every score."""
    scoring = build_scoring("concat")
    query, states = random_inputs()
    bent = scoring(query, scoring.keys(states))
    straight = scoring(1e-4 * query, scoring.keys(1e-4 * states)) / 1e-4

    def query_dependence(scores: torch.Tensor) -> float:
        between = scores[:, 0] - scores[:, 1]  # a constant over positions changes no weight
        return (between - between.mean(dim=-1, keepdim=True)).abs().max().item()

    assert query_dependence(bent) > 1e-2
    assert query_dependence(straight) < 1e-6
