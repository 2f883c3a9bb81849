"""What scores that depend on earlier steps promise beyond the laws of all."""

import pytest
import torch
from builders import BuildScoring
from remembering_oracles import ORACLES
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.testing import assert_close

from attnlab.attention import perceptron
from attnlab.attention.attend import Attention, Memory
from attnlab.attention.location_aware import LocationAware
from attnlab.attention.normalizers.softmax import Softmax
from attnlab.attention.past import Past
from attnlab.attention.scoring import ScoringFunction
from attnlab.attention.windows.whole import Whole
from attnlab.errors import ConfigError
from attnlab.masking import length_mask, masked_softmax


@pytest.fixture(params=sorted(ORACLES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def random_inputs(source: int = 5) -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(2, 3, 8, dtype=torch.float64), torch.randn(2, source, 8, dtype=torch.float64)


def random_past(lengths: list[int], source: int = 5) -> Past:
    """Three hypotheses, each after four steps of its own; padding was not read."""
    torch.manual_seed(2)
    mask = length_mask(torch.tensor(lengths), source)[:, None, None]
    steps = masked_softmax(2 * torch.randn(len(lengths), 3, 4, source, dtype=torch.float64), mask)
    return Past(torch.full((len(lengths), 3), 4), steps[:, :, -1], steps.sum(dim=2))


def attention_of(scoring: ScoringFunction) -> Attention:
    return Attention(scoring=scoring, normalizer=Softmax(1.0), window=Whole())


def start(attention: Attention, states: Tensor, lengths: list[int]) -> Memory:
    return attention.start(states, length_mask(torch.tensor(lengths), states.shape[1]))


def by_hand(
    name: str, scoring: ScoringFunction, query: Tensor, states: Tensor, before: Tensor, covered: Tensor
) -> Tensor:
    """The weights of one query over real positions."""
    parameters = dict(scoring.named_parameters())
    scores = [ORACLES[name](parameters, query, states, s, before, covered) for s in range(len(states))]
    return torch.stack(scores).softmax(dim=0)


def test_equals_the_formula_written_as_a_loop(name: str, build_scoring: BuildScoring) -> None:
    scoring = build_scoring(name)
    attention, lengths = attention_of(scoring), [5, 3]
    query, states = random_inputs()
    past = random_past(lengths)
    assert past.weights is not None
    assert past.coverage is not None
    context, weights, new = attention.step(query, start(attention, states, lengths), past)
    for row, length in enumerate(lengths):
        for hypothesis in range(3):
            before, covered = past.weights[row, hypothesis, :length], past.coverage[row, hypothesis, :length]
            expected = by_hand(name, scoring, query[row, hypothesis], states[row, :length], before, covered)
            assert_close(weights[row, hypothesis, :length], expected, rtol=0, atol=1e-10)
            assert_close(context[row, hypothesis], expected @ states[row, :length], rtol=0, atol=1e-10)
    assert_close((new.weights, new.coverage), (weights, past.coverage + weights))
    assert (new.step == 5).all()


def test_a_whole_target_is_read_as_the_papers_say(name: str, build_scoring: BuildScoring) -> None:
    """Step by step in a loop; before the first, the weights are on the first position and nothing is covered."""
    scoring = build_scoring(name)
    attention = attention_of(scoring)
    query, states = random_inputs()
    memory = start(attention, states, [5, 3])
    attended = attention.run(query, memory, attention.first(memory))
    for row, length in enumerate([5, 3]):
        before, covered = torch.zeros(2, length, dtype=torch.float64)
        before[0] = 1
        for step in range(3):
            before = by_hand(name, scoring, query[row, step], states[row, :length], before, covered)
            covered = covered + before
            assert_close(attended.weights[row, step, :length], before, rtol=0, atol=1e-10)
        assert attended.past.coverage is not None
        assert_close(attended.past.coverage[row, 0, :length], covered, rtol=0, atol=1e-10)


def test_gradients_are_those_of_the_numbers(name: str, build_scoring: BuildScoring) -> None:
    attention = attention_of(build_scoring(name, key_size=4))
    query, states = random_inputs(3)
    past = random_past([3, 3], 3)
    assert past.weights is not None
    assert past.coverage is not None

    def contexts(query: Tensor, states: Tensor, weights: Tensor, coverage: Tensor, *_parameters: Tensor) -> Tensor:
        known = Past(past.step[:1, :2], weights, coverage)
        context, _, new = attention.step(query, start(attention, states, [3]), known)
        later, *_ = attention.step(query, start(attention, states, [3]), new)
        return torch.cat([context, later]) + 0 * (weights.sum() + coverage.sum())

    tensors = (query[:1, :2], states[:1], past.weights[:1, :2], past.coverage[:1, :2])
    inputs = [tensor.clone().requires_grad_() for tensor in tensors]
    assert torch.autograd.gradcheck(contexts, (*inputs, *attention.parameters()))


def test_every_parameter_receives_a_gradient_from_one_step(name: str, build_scoring: BuildScoring) -> None:
    scoring = build_scoring(name)
    attention = attention_of(scoring)
    query, states = random_inputs()
    context, *_ = attention.step(query, start(attention, states, [5, 3]), random_past([5, 3]))
    (context * torch.randn_like(context)).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in scoring.parameters())


def test_a_step_is_trained_by_what_later_steps_read(name: str, build_scoring: BuildScoring) -> None:
    attention = attention_of(build_scoring(name))
    query, states = random_inputs()
    query.requires_grad_()
    memory = start(attention, states, [5, 3])
    attention.run(query, memory, attention.first(memory)).context[:, 2].square().sum().backward()
    assert query.grad is not None
    assert (query.grad != 0).any(dim=-1).all()


def test_what_was_read_before_changes_what_is_read(name: str, build_scoring: BuildScoring) -> None:
    attention = attention_of(build_scoring(name))
    query, states = random_inputs()
    same = query[:, :1].expand(-1, 3, -1)
    weights = attention.step(same, start(attention, states, [5, 5]), random_past([5, 5])).weights
    assert not torch.isclose(weights[:, 0], weights[:, 1]).any()


def test_the_query_matters_whatever_was_read(name: str, build_scoring: BuildScoring) -> None:
    attention = attention_of(build_scoring(name))
    query, states = random_inputs()
    past = random_past([5, 5]).select(torch.tensor([[0], [1]]), torch.zeros(2, 3, dtype=torch.long))
    weights = attention.step(query, start(attention, states, [5, 5]), past).weights
    assert not torch.allclose(weights[:, 0], weights[:, 1])


def test_hypotheses_go_on_from_their_own_past(name: str, build_scoring: BuildScoring) -> None:
    attention = attention_of(build_scoring(name))
    query, states = random_inputs()
    memory, past = start(attention, states, [5, 3]), random_past([5, 3])
    parents = torch.tensor([[2, 0, 0], [1, 1, 2]])
    chosen = attention.step(query, memory, past.select(torch.tensor([[0], [1]]), parents))
    for row in range(2):
        for hypothesis, parent in enumerate(parents[row].tolist()):
            alone = past.select(torch.tensor([[row]]), torch.tensor([[parent]]))
            one = attention.step(
                query[row : row + 1, hypothesis : hypothesis + 1], memory.select(torch.tensor([row])), alone
            )
            assert_close(chosen.weights[row, hypothesis], one.weights[0, 0])
            assert_close(chosen.context[row, hypothesis], one.context[0, 0])


def test_steps_that_keep_no_pairs_are_the_same(
    name: str, build_scoring: BuildScoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scores and all gradients; the graph keeps no tensor with a row for each position and entry of a key."""
    attention = attention_of(build_scoring(name, key_size=33))
    query, states = (tensor.requires_grad_() for tensor in random_inputs())
    results, pairs = [], []
    for limit in (perceptron.KEPT, 0):
        monkeypatch.setattr(perceptron, "KEPT", limit)
        saved: list[Tensor] = []

        def note(tensor: Tensor, saved: list[Tensor] = saved) -> Tensor:
            saved.append(tensor)
            return tensor

        with saved_tensors_hooks(note, lambda tensor: tensor):
            memory = start(attention, states, [5, 3])
            attended = attention.run(query, memory, attention.first(memory))
        loss = (attended.context * torch.arange(8)).sum()
        own = {memory.keys.data_ptr()}
        pairs.append(len({each.data_ptr() for each in saved if each.numel() == 2 * 5 * 33} - own))
        results.append((attended.weights, *torch.autograd.grad(loss, (query, states, *attention.parameters()))))
    assert pairs[0] >= 3
    assert pairs[1] == 0
    assert_close(results[1], results[0])


@pytest.mark.parametrize("padding", [1, 9])
def test_padding_stays_invisible_over_many_steps(padding: int, name: str, build_scoring: BuildScoring) -> None:
    attention = attention_of(build_scoring(name))
    query, states = random_inputs()
    query = query.repeat(1, 3, 1)
    padded = torch.cat([states, torch.full((2, padding, 8), 1e4, dtype=torch.float64)], dim=1)
    results = []
    for each in (states, padded):
        memory = start(attention, each, [5, 3])
        attended = attention.run(query, memory, attention.first(memory))
        assert not attended.weights[1, :, 3:].any()
        assert not attended.weights[:, :, 5:].any()
        results.append((attended.context, attended.weights[..., :5]))
    assert_close(results[0], results[1])


def test_bfloat16_is_float32_within_its_eight_bits(name: str, build_scoring: BuildScoring) -> None:
    query, states = random_inputs()
    past, results = random_past([5, 3]), []
    assert past.weights is not None
    assert past.coverage is not None
    for dtype in (torch.float32, torch.bfloat16):
        attention = attention_of(build_scoring(name).to(dtype))
        known = Past(past.step, past.weights.to(dtype), past.coverage.to(dtype))
        results.append(attention.step(query.to(dtype), start(attention, states.to(dtype), [5, 3]), known).weights)
    assert results[1].dtype == torch.bfloat16
    assert_close(results[1].float(), results[0], rtol=0, atol=0.05)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_huge_states_and_a_fully_peaked_past_give_numbers(
    dtype: torch.dtype, size: float, name: str, build_scoring: BuildScoring
) -> None:
    attention = attention_of(build_scoring(name).to(dtype))
    query, states = ((size * tensor).to(dtype).requires_grad_() for tensor in random_inputs())
    before = torch.zeros(2, 3, 5, dtype=dtype)
    before[..., 2] = 1
    past = Past(torch.full((2, 3), 1000), before, 1000 * before)
    context, weights, new = attention.step(query, start(attention, states, [5, 3]), past)
    again = attention.step(query, start(attention, states, [5, 3]), new)
    (context + again.context).float().sum().backward()
    assert query.grad is not None
    assert all(tensor.isfinite().all() for tensor in (context, again.context, query.grad))
    assert_close(weights.double().sum(dim=-1), torch.ones(2, 3, dtype=torch.float64), rtol=0, atol=0.02)


OPTIONS = [("location_aware", "num_filters", 3), ("location_aware", "width", 3), ("location_aware", "key_size", 5)]
OPTIONS += [("coverage", "key_size", 5)]


@pytest.mark.parametrize(("name", "option", "value"), OPTIONS)
def test_an_option_changes_the_weights_and_is_trained(
    name: str, option: str, value: int, build_scoring: BuildScoring
) -> None:
    query, states = random_inputs()
    results = []
    for options in ({}, {option: value}):
        scoring = build_scoring(name, **options)
        attention = attention_of(scoring)
        context, weights, _ = attention.step(query, start(attention, states, [5, 3]), random_past([5, 3]))
        (context * torch.randn_like(context)).sum().backward()
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in scoring.parameters())
        results.append(weights)
    assert not torch.isclose(results[0][0], results[1][0]).any()


@pytest.mark.parametrize("width", [1, 3, 7])
def test_a_filter_sees_as_far_as_it_is_wide(width: int, build_scoring: BuildScoring) -> None:
    """Weight on one position of 13 reaches the scores of width // 2 positions on each side, at the ends too."""
    scoring = build_scoring("location_aware", width=width)
    assert isinstance(scoring, LocationAware)
    step, states = torch.ones(2, 1, dtype=torch.long), random_inputs(13)[1]
    for seen in (0, 6, 12):
        before = torch.zeros(2, 1, 13, dtype=torch.float64)
        keys = scoring.keys(states)
        nothing = scoring.recall(keys, Past(step, before, before))
        before = before.index_fill(2, torch.tensor([seen]), 1.0)
        differs = scoring.recall(keys, Past(step, before, before)) != nothing
        expected = (torch.arange(13) - seen).abs() <= width // 2
        assert (differs.all(dim=-1) == expected).all()
        assert (differs.any(dim=-1) == expected).all()


def test_where_nothing_was_covered_coverage_is_additive_with_a_bias(build_scoring: BuildScoring) -> None:
    scoring, additive = build_scoring("coverage"), build_scoring("additive")
    with torch.no_grad():
        scoring.get_parameter("memory_projection.bias").zero_()
    additive.load_state_dict(
        {name: value for name, value in scoring.state_dict().items() if name in additive.state_dict()}
    )
    query, states = random_inputs()
    results = []
    for each in (scoring, additive):
        attention = attention_of(each)
        memory = start(attention, states, [5, 3])
        results.append(attention.run(query[:, :1], memory, attention.first(memory)).weights)
    assert_close(results[0], results[1])


def test_coverage_can_learn_not_to_read_twice(build_scoring: BuildScoring) -> None:
    """A coverage vector against v makes what was read unattractive: every step of the same query reads another word."""
    scoring = build_scoring("coverage")
    with torch.no_grad():
        for parameter in scoring.parameters():
            parameter.mul_(0.1)
        vector = scoring.get_parameter("vector.weight")
        vector.copy_(3000 * vector.sign())
        scoring.get_parameter("coverage_projection.weight").copy_(-vector.T.sign())
    attention = attention_of(scoring)
    query, states = random_inputs()
    memory = start(attention, states, [5, 5])
    weights = attention.run(query[:, :1].expand(-1, 5, -1), memory, attention.first(memory)).weights
    assert_close(weights.sum(dim=1), torch.ones(2, 5, dtype=torch.float64), rtol=0, atol=0.05)


@pytest.mark.parametrize("num_filters", [0, -1])
def test_there_is_at_least_one_filter(num_filters: int, build_scoring: BuildScoring) -> None:
    rule = rf"at least 1, not {num_filters}: set model\.attention\.num_filters, or use additive"
    with pytest.raises(ConfigError, match=rule):
        build_scoring("location_aware", num_filters=num_filters)


@pytest.mark.parametrize(("width", "remedy"), [(4, 5), (0, 1), (-3, 1), (-4, 1)])
def test_a_filter_has_a_middle(width: int, remedy: int, build_scoring: BuildScoring) -> None:
    with pytest.raises(ConfigError, match=rf"its width is odd, not {width}: set model\.attention\.width={remedy}\."):
        build_scoring("location_aware", width=width)


def test_coverage_grows_with_every_step_in_bfloat16_too(build_scoring: BuildScoring) -> None:
    attention = Attention(scoring=build_scoring("coverage").bfloat16(), normalizer=Softmax(1.0), window=Whole())
    states = torch.ones(1, 300, 8, dtype=torch.bfloat16)  # all alike: each step adds 1/300 everywhere
    memory = attention.start(states, torch.ones(1, 300, dtype=torch.bool))
    _, _, past = attention.run(torch.ones(1, 900, 8, dtype=torch.bfloat16), memory, attention.first(memory))
    assert past.coverage is not None
    assert_close(past.coverage.sum(), torch.tensor(900.0), rtol=0.01, atol=0.0)
