"""What scoring functions with several heads promise beyond the laws of all."""

import pytest
import torch
from builders import BuildModel, BuildScoring
from jaxtyping import Float, Int
from multi_head_oracles import ORACLES, context
from torch import Tensor
from torch.testing import assert_close

from attnlab.attention.attend import Attended, Attention
from attnlab.attention.multi_head_general import MultiHeadGeneral
from attnlab.attention.normalizers.softmax import Softmax
from attnlab.attention.scoring import ScoringFunction
from attnlab.attention.windows.whole import Whole
from attnlab.attention.windows.window import Span, Window
from attnlab.errors import ConfigError
from attnlab.masking import length_mask, masked_softmax

HEADS = [1, 2, 4, 8]


@pytest.fixture(params=sorted(ORACLES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def random_inputs(source: int = 5) -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(2, 3, 8, dtype=torch.float64), torch.randn(2, source, 8, dtype=torch.float64)


def read(attention: Attention, query: Tensor, states: Tensor, lengths: list[int]) -> Attended:
    memory = attention.start(states, length_mask(torch.tensor(lengths), states.shape[1]))
    return attention.run(query, memory, attention.first(memory))


def attend(scoring: ScoringFunction, query: Tensor, states: Tensor, lengths: list[int]) -> Attended:
    return read(Attention(scoring=scoring, normalizer=Softmax(1.0), window=Whole()), query, states, lengths)


@pytest.mark.parametrize("num_heads", HEADS)
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("output_projection", [True, False])
def test_equals_the_formula_written_as_a_loop(
    num_heads: int, scaled: bool, output_projection: bool, name: str, build_scoring: BuildScoring
) -> None:
    scoring = build_scoring(name, num_heads=num_heads, scaled=scaled, output_projection=output_projection)
    weights = dict(scoring.named_parameters())
    query, states = random_inputs()
    scores = scoring(query, scoring.keys(states))
    mask = length_mask(torch.tensor([5, 3]), 5)
    attended = attend(scoring, query, states, [5, 3])
    assert scores.shape == (2, num_heads, 3, 5)
    for row in range(2):
        for step in range(3):
            pairs = [ORACLES[name](weights, query[row, step], state, num_heads) for state in states[row]]
            expected = torch.stack(pairs, dim=1) / ((8 // num_heads) ** 0.5 if scaled else 1)
            assert_close(scores[row, :, step], expected, rtol=0, atol=1e-10)
            heads = masked_softmax(expected, mask[row])
            assert_close(attended.context[row, step], context(weights, heads, states[row]), rtol=0, atol=1e-10)
            assert_close(attended.weights[row, step], heads.mean(dim=0), rtol=0, atol=1e-10)


def test_one_head_without_a_projection_is_the_score_that_it_is_named_after(
    name: str, build_scoring: BuildScoring
) -> None:
    several = build_scoring(name, num_heads=1, output_projection=False)
    one = build_scoring(name.removeprefix("multi_head_"))
    several.load_state_dict(one.state_dict())
    query, states = random_inputs()
    assert_close(several(query, several.keys(states)).squeeze(1), one(query, one.keys(states)), rtol=0, atol=0)
    attentions = [Attention(scoring=each, normalizer=Softmax(1.0), window=Whole()) for each in (several, one)]
    ours, theirs = (read(attention, query, states, [5, 3]) for attention in attentions)
    assert_close((ours.context, ours.weights), (theirs.context, theirs.weights), rtol=0, atol=0)


@pytest.mark.parametrize("output_projection", [True, False])
def test_gradients_are_those_of_the_numbers(output_projection: bool, name: str, build_scoring: BuildScoring) -> None:
    scoring = build_scoring(name, num_heads=2, output_projection=output_projection)
    attention = Attention(scoring=scoring, normalizer=Softmax(1.0), window=Whole())

    def contexts(query: Tensor, states: Tensor, *_parameters: Tensor) -> Tensor:
        return read(attention, query, states, [3]).context

    query, states = random_inputs(3)
    inputs = [tensor[:1].clone().requires_grad_() for tensor in (query, states)]
    assert torch.autograd.gradcheck(contexts, (*inputs, *attention.parameters()))


def test_a_head_sees_its_slice_of_query_and_memory_alone(build_scoring: BuildScoring) -> None:
    scoring = build_scoring("multi_head_dot", num_heads=4, output_projection=False)
    query, states = random_inputs()
    other = states.clone()
    other[..., 4:6] += 1
    scores, changed = (scoring(query, scoring.keys(each)) for each in (states, other))
    assert_close(changed[:, [0, 1, 3]], scores[:, [0, 1, 3]], rtol=0, atol=0)
    assert not torch.isclose(changed[:, 2], scores[:, 2]).any()
    contexts = [attend(scoring, query, each, [5, 3]).context for each in (states, other)]
    assert (contexts[0] == contexts[1]).all(dim=(0, 1)).tolist() == [True] * 4 + [False] * 2 + [True] * 2


def test_heads_of_general_see_the_whole_memory_state(build_scoring: BuildScoring) -> None:
    scoring = build_scoring("multi_head_general", num_heads=4)
    query, states = random_inputs()
    other = states.clone()
    other[..., 4:6] += 1
    scores, changed = (scoring(query, scoring.keys(each)) for each in (states, other))
    assert not torch.isclose(changed, scores).any()


def test_heads_look_at_different_words(name: str, build_scoring: BuildScoring) -> None:
    scoring = build_scoring(name, num_heads=4)
    query, states = random_inputs()
    scores = scoring(query, scoring.keys(states))
    assert not torch.isclose(scores[:, 0], scores[:, 1]).any()


class Middle(Window):
    """Three positions, the first in the centre, with a Gaussian on them."""

    def forward(
        self,
        query: Float[Tensor, "batch target hidden"],
        step: Int[Tensor, "batch target"],
        source_lengths: Int[Tensor, " batch"],
    ) -> Span | None:
        return Span(torch.ones(query.shape[:2], dtype=query.dtype), 1, 0.5)


def test_all_heads_look_through_one_window(name: str, build_scoring: BuildScoring) -> None:
    scoring = build_scoring(name, num_heads=2, output_projection=False)
    query, states = random_inputs()
    attended = read(Attention(scoring=scoring, normalizer=Softmax(1.0), window=Middle()), query, states, [5, 5])
    favour = torch.tensor([-2.0, 0.0, -2.0], dtype=torch.float64).exp()
    heads = scoring(query, scoring.keys(states))[..., :3].softmax(dim=-1) * favour
    assert_close(attended.weights[..., :3], heads.mean(dim=1))
    assert not attended.weights[..., 3:].any()
    assert_close(attended.context[..., :4], heads[:, 0] @ states[:, :3, :4])
    assert_close(attended.context[..., 4:], heads[:, 1] @ states[:, :3, 4:])


@pytest.mark.parametrize(("option", "value"), [("num_heads", 2), ("scaled", True), ("output_projection", False)])
def test_an_option_changes_what_is_read(option: str, value: object, name: str, build_scoring: BuildScoring) -> None:
    query, states = random_inputs()
    contexts = []
    for options in ({}, {option: value}):
        scoring = build_scoring(name, **options)
        attended = attend(scoring, query, states, [5, 3])
        (attended.context * torch.randn_like(attended.context)).sum().add(0 * query.requires_grad_().sum()).backward()
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in scoring.parameters())
        contexts.append(attended.context)
    assert not torch.isclose(contexts[0], contexts[1]).all(dim=-1).any()


def test_heads_may_share_a_memory_of_another_size() -> None:
    torch.manual_seed(0)
    scoring = MultiHeadGeneral(8, 12, 4, scaled=False, output_projection=True).double()
    query, states = torch.randn(2, 3, 8, dtype=torch.float64), torch.randn(2, 5, 12, dtype=torch.float64)
    attended = attend(scoring, query, states, [5, 3])
    weights = dict(scoring.named_parameters())
    scores = [ORACLES["multi_head_general"](weights, query[0, 0], state, 4) for state in states[0]]
    expected = context(weights, torch.stack(scores, dim=1).softmax(dim=-1), states[0])
    assert_close(attended.context[0, 0], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("num_heads", [3, 0, -2, 16])
def test_heads_share_evenly(num_heads: int, name: str, build_scoring: BuildScoring) -> None:
    rule = rf"num_heads must divide query_size 8 and memory_size 8, but it is {num_heads}: set model\.attention"
    with pytest.raises(ConfigError, match=rule):
        build_scoring(name, num_heads=num_heads)


def test_heads_that_divide_the_query_must_divide_the_memory() -> None:
    with pytest.raises(ConfigError, match="query_size 8 and memory_size 6, but it is 4"):
        MultiHeadGeneral(8, 6, 4, scaled=False, output_projection=False)


def test_models_with_one_head_are_the_models_without(build_model: BuildModel) -> None:
    """The whole model, input feeding included: same parameters, same numbers."""
    plain = build_model("luong_general").double()
    heads = build_model(
        "luong", "model/attention=multi_head_general", "model.attention.num_heads=1",
        "model.attention.output_projection=false",
    ).double()  # fmt: skip
    heads.load_state_dict(plain.state_dict())
    tokens = torch.tensor([[4, 5, 6, 7], [8, 9, 10, 3]])
    ours, theirs = (model(tokens, torch.tensor([4, 4]), tokens) for model in (heads, plain))
    assert_close((ours.logits, ours.weights), (theirs.logits, theirs.weights), rtol=0, atol=0)
