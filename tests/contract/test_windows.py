"""The laws every window keeps, whatever looks through it, and excerpts against the masked source."""

from pathlib import Path

import pytest
import torch
from builders import BuildModel, BuildScoring
from omegaconf import OmegaConf
from torch import Tensor
from torch.testing import assert_close
from torch.utils.flop_counter import FlopCounterMode
from window_oracles import ORACLES

from attnlab.attention.attend import Attention, Memory
from attnlab.attention.normalizers.normalizer import Normalizer
from attnlab.attention.past import Past
from attnlab.attention.scoring import RememberingScore, ScoringFunction
from attnlab.attention.windows.window import Window
from attnlab.data.batch import collate
from attnlab.decoding.beam import Beam
from attnlab.decoding.greedy import Greedy
from attnlab.decoding.limits import LengthLimit
from attnlab.errors import ConfigError
from attnlab.experiment.components import component
from attnlab.masking import length_mask
from attnlab.seq2seq.model import Seq2Seq

CONF = Path(__file__).parents[2] / "conf"
LOCAL = ["local_m", "local_p"]
PATHS = ["read_masked", "read_excerpts"]
NORMALIZERS = sorted(path.stem for path in (CONF / "model" / "normalizer").glob("*.yaml"))
FORGETFUL = [name for name in NORMALIZERS if name != "monotonic"]

Read = tuple[Tensor, Tensor]


def from_yaml(group: str, name: str, **values: float) -> object:
    node = OmegaConf.load(CONF / "model" / group / f"{name}.yaml")
    config = OmegaConf.create({"model": {"hidden_size": 8, group: OmegaConf.merge(node, values)}})
    return component(config, f"model.{group}", Window if group == "window" else Normalizer)


def build_window(name: str, reach: int = 2) -> Window:
    """With parameters so large that predicted positions lie everywhere in the source."""
    torch.manual_seed(3)
    window = from_yaml("window", name, **({} if name == "global" else {"reach": reach}))
    assert isinstance(window, Window)
    with torch.no_grad():
        for parameter in window.parameters():
            parameter.mul_(4)
    return window.double()


def build_attention(scoring: ScoringFunction, window: Window, normalizer: str = "softmax") -> Attention:
    normal = from_yaml("normalizer", normalizer)
    assert isinstance(normal, Normalizer)
    return Attention(scoring=scoring, normalizer=normal, window=window).double()


def random_inputs(batch: int = 3, target: int = 20, source: int = 40) -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return (
        torch.randn(batch, target, 8, dtype=torch.float64),
        torch.randn(batch, source, 8, dtype=torch.float64),
    )


def read(attention: Attention, query: Tensor, states: Tensor, lengths: list[int], path: str | None = None) -> Read:
    """All steps of a target at once, by one of the two paths or by the one that attention takes."""
    memory = attention.start(states, length_mask(torch.tensor(lengths), states.shape[1]))
    if path is None:
        return attention.run(query, memory, attention.first(memory))[:2]
    past = attention.first(memory).ahead(query.shape[1])
    span = attention.window(query, past.step, torch.tensor(lengths))
    context, weights = (attention.read_masked if path == "read_masked" else attention.read_excerpts)(
        span, query, memory, past
    )
    return context, weights.mean(dim=1) if weights.dim() == 4 else weights


def results(values: Read, leaves: list[Tensor]) -> list[Tensor | None]:
    """Values, and the gradients of some number that depends on all of them."""
    context, weights = values
    torch.manual_seed(4)
    number = (context * torch.randn_like(context)).sum() + (weights * torch.randn_like(weights)).sum()
    return [context, weights, *torch.autograd.grad(number, leaves, allow_unused=True)]


@pytest.fixture(params=LOCAL)
def window_name(request: pytest.FixtureRequest) -> str:
    """Every window that hides something, one after the other."""
    return str(request.param)


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest) -> str:
    """Both ways to read inside a window."""
    return str(request.param)


def test_files_yamls_and_oracles_have_the_same_names(repository: Path) -> None:
    """But for `whole`: no module can be imported by the name of `global`, a word of the language."""
    folder = repository / "src" / "attnlab" / "attention" / "windows"
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "window", "excerpt"}
    yamls = {path.stem for path in (CONF / "model" / "window").glob("*.yaml")}
    assert modules - {"whole"} | {"global"} == yamls == set(ORACLES)


@pytest.mark.parametrize("reach", [1, 2, 10])
@pytest.mark.parametrize("name", sorted(ORACLES))
def test_equals_the_formula_written_as_a_loop(name: str, reach: int, build_scoring: BuildScoring) -> None:
    """Beside sources that the window leaves to one side, to both sides, and one of a single word."""
    attention = build_attention(build_scoring("general"), build_window(name, reach))
    query, states = random_inputs()
    lengths = [40, 9, 1]
    parameters = dict(attention.window.named_parameters())
    scores = attention.scoring(query, attention.scoring.keys(states))
    for path in [None] if name == "global" else [None, *PATHS]:
        context, weights = read(attention, query, states, lengths, path)
        for row, length in enumerate(lengths):
            known = scores[row, :, :length].tolist()
            asked = enumerate(zip(query[row], known, strict=True))
            expected = [ORACLES[name](parameters, reach, each, step, line) for step, (each, line) in asked]
            wanted = torch.tensor(expected, dtype=torch.float64)
            assert_close(weights[row, :, :length], wanted, rtol=0, atol=1e-10)
            assert ((weights[row, :, :length] == 0) == (wanted == 0)).all()
            assert not weights[row, :, length:].any()
            assert_close(context[row], wanted @ states[row, :length], rtol=0, atol=1e-10)


def test_excerpts_equal_the_masked_source_for_every_score(
    window_name: str, scoring_name: str, build_scoring: BuildScoring
) -> None:
    scoring = build_scoring(scoring_name)
    if not scoring.content_based or isinstance(scoring, RememberingScore):
        pytest.skip(f"{scoring_name} needs the whole source")
    attention = build_attention(scoring, build_window(window_name))
    query, states = random_inputs()
    leaves = [query.requires_grad_(), states.requires_grad_(), *attention.parameters()]
    masked, excerpts = (results(read(attention, query, states, [40, 9, 1], path), leaves) for path in PATHS)
    assert_close(excerpts, masked, rtol=0, atol=1e-10)


@pytest.mark.parametrize("normalizer", FORGETFUL)
def test_excerpts_equal_the_masked_source_for_every_normalizer(
    normalizer: str, window_name: str, build_scoring: BuildScoring
) -> None:
    attention = build_attention(build_scoring("multi_head_general"), build_window(window_name), normalizer)
    query, states = random_inputs()
    leaves = [query.requires_grad_(), states.requires_grad_(), *attention.parameters()]
    masked, excerpts = (results(read(attention, query, states, [40, 9, 1], path), leaves) for path in PATHS)
    assert_close(excerpts, masked, rtol=0, atol=1e-10)


def test_what_attention_does_is_what_each_step_does(
    window_name: str, scoring_name: str, build_scoring: BuildScoring
) -> None:
    """For scores that remember too; steps and whole target take different paths for some."""
    attention = build_attention(build_scoring(scoring_name), build_window(window_name, reach=1))
    query, states = random_inputs(target=12)
    memory = attention.start(states, length_mask(torch.tensor([40, 9, 1]), 40))
    together = attention.run(query, memory, attention.first(memory))
    past = attention.first(memory)
    for step in range(12):
        context, weights, past = attention.step(query[:, step : step + 1], memory, past)
        assert_close(context, together.context[:, step : step + 1], rtol=0, atol=1e-10)
        assert_close(weights, together.weights[:, step : step + 1], rtol=0, atol=1e-10)
    assert torch.equal(past.step, together.past.step)
    assert (past.coverage is None) == (not attention.remembers)


def test_gradients_are_those_of_the_numbers(window_name: str, path: str, build_scoring: BuildScoring) -> None:
    attention = build_attention(build_scoring("general"), build_window(window_name, reach=1))
    query, states = (tensor.requires_grad_() for tensor in random_inputs(2, 3, 7))
    assert torch.autograd.gradcheck(lambda q, s: read(attention, q, s, [7, 3], path), (query, states))


def test_the_predicted_place_is_learned(path: str, build_scoring: BuildScoring) -> None:
    attention = build_attention(build_scoring("dot"), build_window("local_p"))
    context, _ = read(attention, *random_inputs(), [40, 9, 5], path)
    (context * torch.randn_like(context)).sum().backward()
    gradients = {name: parameter.grad for name, parameter in attention.window.named_parameters()}
    assert set(gradients) == {"projection.weight", "vector.weight"}
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients.values())


def test_weights_sum_to_one_but_for_the_gaussian(window_name: str, path: str, build_scoring: BuildScoring) -> None:
    attention = build_attention(build_scoring("general"), build_window(window_name))
    total = read(attention, *random_inputs(), [40, 9, 1], path)[1].sum(dim=-1)
    if window_name == "local_m":
        assert_close(total, torch.ones_like(total))
    else:
        assert (total > 0).all()
        assert (total < 1).all()


def test_monotonic_windows_move_with_the_step_and_stay_at_the_end(path: str, build_scoring: BuildScoring) -> None:
    """D = 1, and a score that prefers nothing."""
    attention = build_attention(build_scoring("uniform"), build_window("local_m", reach=1))
    weights = read(attention, *random_inputs(1, 7, 5), [5], path)[1][0]
    half, third = 1 / 2, 1 / 3
    expected = [
        [half, half, 0, 0, 0],
        [third, third, third, 0, 0],
        [0, third, third, third, 0],
        [0, 0, third, third, third],
        [0, 0, 0, half, half],
        [0, 0, 0, half, half],
        [0, 0, 0, half, half],
    ]
    assert_close(weights, torch.tensor(expected, dtype=torch.float64))


def test_a_prediction_that_knows_nothing_looks_at_the_middle(path: str, build_scoring: BuildScoring) -> None:
    """S = 4, D = 2: p = 2, standard deviation 1, and a fifth position would be padding."""
    window = build_window("local_p", reach=2)
    torch.nn.init.zeros_(window.get_parameter("vector.weight"))
    attention = build_attention(build_scoring("uniform"), window)
    weights = read(attention, *random_inputs(1, 1, 6), [4], path)[1][0, 0]
    exponents = torch.tensor([-2, -0.5, 0, -0.5], dtype=torch.float64)
    assert_close(weights[:4], exponents.exp() / 4)
    assert not weights[4:].any()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_place_beyond_either_end_is_still_in_the_source(sign: int, path: str, build_scoring: BuildScoring) -> None:
    """A sigmoid of exactly 0 or 1: D = 1 holds the first two positions, or the last alone."""
    window = build_window("local_p", reach=1)
    torch.nn.init.constant_(window.get_parameter("projection.weight"), 1.0)
    torch.nn.init.constant_(window.get_parameter("vector.weight"), sign * 1e4)
    attention = build_attention(build_scoring("uniform"), window)
    query, states = torch.ones(1, 1, 8, dtype=torch.float64), torch.randn(1, 8, 8, dtype=torch.float64)
    weights = read(attention, query, states, [6], path)[1][0, 0]
    away = torch.tensor(-2.0, dtype=torch.float64).exp().item()  # exp(-1 / (2 (1/2)^2))
    expected = [0, 0, 0, 0, 0, away, 0, 0] if sign == 1 else [0.5, away / 2, 0, 0, 0, 0, 0, 0]
    assert_close(weights, torch.tensor(expected, dtype=torch.float64))


def test_a_window_wider_than_the_source_hides_nothing(path: str, build_scoring: BuildScoring) -> None:
    scoring, inputs = build_scoring("general"), random_inputs(2, 4, 6)
    local = read(build_attention(scoring, build_window("local_m", reach=10)), *inputs, [6, 3], path)
    assert_close(local, read(build_attention(scoring, build_window("global")), *inputs, [6, 3]))


@pytest.mark.parametrize("chosen", [None, *PATHS])
def test_padding_is_invisible(chosen: str | None, window_name: str, build_scoring: BuildScoring) -> None:
    """60 positions of it, which make excerpts pay."""
    attention = build_attention(build_scoring("concat"), build_window(window_name))
    query, states = random_inputs(1, 9, 6)
    garbage = torch.full((1, 60, 8), 1e4, dtype=torch.float64)  # zeros would hide a leak
    context, weights = read(attention, query, states, [6], chosen)
    padded_states = torch.cat([states, garbage], dim=1).requires_grad_()
    padded, padded_weights = read(attention, query, padded_states, [6], chosen)
    assert_close(padded, context)
    assert_close(padded_weights[..., :6], weights)
    assert not padded_weights[..., 6:].any()
    padded.square().sum().backward()
    assert padded_states.grad is not None
    assert not padded_states.grad[:, 6:].any()


def test_what_is_outside_does_not_matter_and_inside_order_does_not(path: str, build_scoring: BuildScoring) -> None:
    attention = build_attention(build_scoring("general"), build_window("local_m"))
    query, states = random_inputs(1, 1, 9)
    context, weights = read(attention, query, states, [9], path)  # positions 0, 1, 2
    other = torch.cat([states[:, [2, 0, 1]], 1e3 * states[:, 3:].flip(1)], dim=1)
    again, permuted = read(attention, query, other, [9], path)
    assert_close(again, context)
    assert_close(permuted[..., :3], weights[..., [2, 0, 1]])
    leaving = torch.cat([states[:, 4:], states[:, :4]], dim=1)
    assert not torch.allclose(read(attention, query, leaving, [9], path)[0], context)


def test_rows_and_queries_do_not_influence_each_other(window_name: str, path: str, build_scoring: BuildScoring) -> None:
    attention = build_attention(build_scoring("concat"), build_window(window_name))
    query, states = random_inputs(2, 3, 12)
    together, _ = read(attention, query, states, [12, 5], path)
    alone, _ = read(attention, query[1:], states[1:, :5], [5], path)
    assert_close(together[1:], alone)
    changed = query.clone()
    changed[:, 1] += 1
    assert_close(read(attention, changed, states, [12, 5], path)[0][:, [0, 2]], together[:, [0, 2]])


def test_every_option_changes_the_weights(build_scoring: BuildScoring) -> None:
    scoring, inputs = build_scoring("general"), random_inputs()
    options = [("global", 0), *((name, reach) for name in LOCAL for reach in (1, 2))]
    weights = [read(build_attention(scoring, build_window(*option)), *inputs, [40, 9, 1])[1] for option in options]
    for i, one in enumerate(weights):
        assert not any(torch.allclose(one, other) for other in weights[:i])


def test_only_the_prediction_asks_the_query() -> None:
    step, lengths = torch.zeros(3, 20, dtype=torch.long), torch.tensor([40, 9, 1])
    query, _ = random_inputs()
    for name in LOCAL:
        one, other = (build_window(name)(each, step, lengths) for each in (query, query.flip(1)))
        assert torch.equal(one.centers, other.centers) == (name == "local_m")


def test_hypotheses_share_the_step_and_nothing_else(window_name: str, build_scoring: BuildScoring) -> None:
    attention = build_attention(build_scoring("concat"), build_window(window_name, reach=1))
    query, states = random_inputs(2, 6, 20)
    memory = attention.start(states, length_mask(torch.tensor([20, 4]), 20))
    past = attention.first(memory)
    for step in range(2):
        past = attention.step(query[:, step : step + 1], memory, past).past
    sentences = torch.tensor([[1], [0], [0]])
    kept = memory.select(sentences[:, 0])
    beam = past.select(sentences, torch.zeros(3, 2, dtype=torch.long))
    asked = query[sentences[:, 0], 2:4]
    together = attention.step(asked, kept, beam)
    assert (together.past.step == 3).all()
    for row in range(3):
        for hypothesis in range(2):
            sentence = sentences[row]
            alone = attention.step(
                asked[row : row + 1, hypothesis : hypothesis + 1],
                memory.select(sentence),
                Past(torch.full((1, 1), 2), None, None),
            )
            assert_close(together.context[row, hypothesis], alone.context[0, 0])
            assert_close(together.weights[row, hypothesis], alone.weights[0, 0])


def test_bfloat16_is_float32_within_its_eight_bits(window_name: str, path: str, build_scoring: BuildScoring) -> None:
    attention = build_attention(build_scoring("general"), build_window(window_name, reach=5)).float()
    query, states = (tensor.float() for tensor in random_inputs(2, 8, 30))
    exact = read(attention, query, states, [30, 12], path)[0]
    rough = read(attention.bfloat16(), query.bfloat16(), states.bfloat16(), [30, 12], path)[0]
    assert rough.dtype == torch.bfloat16
    assert_close(rough.float(), exact, rtol=0.0, atol=0.1)


@pytest.mark.parametrize("scoring", ["general", "concat", "multi_head_general"])
def test_autocast_reads_excerpts_as_it_reads_the_masked_source(
    scoring: str, window_name: str, build_scoring: BuildScoring
) -> None:
    attention = build_attention(build_scoring(scoring), build_window(window_name)).float()
    query, states = (tensor.float().requires_grad_() for tensor in random_inputs())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        masked, excerpts = (
            results(read(attention, query, states, [40, 9, 1], path), [query, states]) for path in PATHS
        )
    for rough, exact in zip(excerpts, masked, strict=True):
        assert rough is not None
        assert exact is not None
        assert rough.dtype == exact.dtype
        assert_close(rough.float(), exact.float(), rtol=0.02, atol=0.02 * exact.abs().max().item())


def test_bfloat16_tells_far_positions_apart() -> None:
    """It has no 1,001; predicted places move by the rounding of the parameters alone."""
    step, lengths = torch.full((1, 1), 1001), torch.tensor([2000])
    query, _ = random_inputs(1, 1, 1)
    center = build_window("local_m").bfloat16()(query.bfloat16(), step, lengths).centers
    assert center.item() == 1001
    exact = build_window("local_p")(query, step, lengths).centers
    rough = build_window("local_p").bfloat16()(query.bfloat16(), step, lengths).centers
    assert rough.dtype == torch.float32
    assert_close(rough.double(), exact, rtol=0.0, atol=20.0)  # 1 % of the source


@pytest.mark.parametrize("size", [1e2, -1e2, 1e4])
def test_huge_scores_give_numbers(size: float, window_name: str, path: str, build_scoring: BuildScoring) -> None:
    attention = build_attention(build_scoring("general"), build_window(window_name))
    query, states = ((size * tensor).requires_grad_() for tensor in random_inputs())
    every = results(read(attention, query, states, [40, 9, 1], path), [query, states])
    assert all(tensor is not None and tensor.isfinite().all() for tensor in every)


def multiplications(attention: Attention, source: int, target: int) -> int:
    """Of scoring and reading, forward and backward, once the keys are there."""
    query, states = (tensor.requires_grad_() for tensor in random_inputs(2, target, source))
    memory = attention.start(states, length_mask(torch.tensor([source, source - 5]), source))
    memory = Memory(memory.states, memory.keys.detach().requires_grad_(), memory.source_mask)
    past = attention.first(memory)
    with FlopCounterMode(display=False) as counter:
        context = attention.run(query, memory, past).context
        context.sum().backward()
    total: int = counter.get_total_flops()
    return total


@pytest.mark.parametrize("target", [1, 20])
@pytest.mark.parametrize("scoring", ["general", "concat", "multi_head_general"])
def test_cost_grows_with_the_window_and_not_with_the_source(
    scoring: str, target: int, window_name: str, build_scoring: BuildScoring
) -> None:
    score = build_scoring(scoring)
    local = build_attention(score, build_window(window_name, reach=2))
    short, long = (multiplications(local, source, target) for source in (200, 2000))
    assert short == long > 0
    whole = build_attention(score, build_window("global"))
    assert multiplications(whole, 2000, target) > 5 * multiplications(whole, 200, target)
    assert long < multiplications(build_attention(score, build_window(window_name, reach=4)), 2000, target)


def test_short_sources_are_read_whole(build_scoring: BuildScoring, monkeypatch: pytest.MonkeyPatch) -> None:
    """D = 2: a perceptron reads excerpts of more than 10 positions, a product of more than 30, or 160 for many."""
    calls: list[int] = []
    excerpt = Attention.read_excerpts

    def count(self: Attention, *arguments: object) -> Read:
        calls.append(1)
        return excerpt(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Attention, "read_excerpts", count)
    for name, target, limit in [("concat", 1, 10), ("concat", 20, 10), ("dot", 1, 30), ("dot", 20, 160)]:
        attention = build_attention(build_scoring(name), build_window("local_m"))
        for source, expected in [(limit, 0), (limit + 1, 1)]:
            calls.clear()
            read(attention, *random_inputs(1, target, source), [source])
            assert len(calls) == expected


@pytest.mark.parametrize("name", ["location", "location_aware", "coverage"])
def test_scores_that_need_the_whole_source_read_it_through_the_window(
    name: str, window_name: str, build_scoring: BuildScoring
) -> None:
    attention = build_attention(build_scoring(name), build_window(window_name))
    query, states = random_inputs(2, 4, 60)
    weights = read(attention, query, states, [60, 30])[1]
    assert ((weights > 0).sum(dim=-1) <= 5).all()
    assert (weights.sum(dim=-1) > 0).all()


@pytest.mark.parametrize("reach", [0, -3])
def test_a_window_without_reach_is_refused(reach: int, window_name: str) -> None:
    with pytest.raises(ConfigError, match=rf"at least 1 position .* not {reach}: set model\.window\.reach"):
        build_window(window_name, reach)


def test_a_walk_along_the_source_is_refused_behind_a_window(window_name: str, build_scoring: BuildScoring) -> None:
    with pytest.raises(ConfigError, match=r"Monotonic goes on from .* Local[MP] may .*set model/window=global"):
        build_attention(build_scoring("general"), build_window(window_name), "monotonic")
    build_attention(build_scoring("general"), build_window("global"), "monotonic")


def test_the_default_reach_is_the_papers(window_name: str) -> None:
    window = from_yaml("window", window_name)
    assert isinstance(window, Window)
    assert window.float()(torch.zeros(1, 1, 8), torch.zeros(1, 1).long(), torch.tensor([3])).reach == 10


MODELS = [
    "luong model/attention=general model/window=local_p",
    "luong model/attention=concat model/window=local_m model.network.decoder.input_feeding=false",
    "luong model/attention=multi_head_general model/window=local_p model/normalizer=sparsemax",
    "luong model/attention=location_aware model/window=local_m",
    "bahdanau model/window=local_p",
]
SOURCES = [[4 + word % 7 for word in range(30)], [5, 6], [7, 8, 9, 10, 4, 5, 6, 7, 8, 9, 10, 4]]
TARGETS = [[7, 5, 6, 9], [8, 8, 9, 10, 4, 5, 6], []]


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest, build_model: BuildModel) -> Seq2Seq:
    """Models behind a window of three words, sure of themselves, in float64."""
    name, *overrides = str(request.param).split()
    model = build_model(name, *overrides, "model.window.reach=1").double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4 if parameter.ndim > 1 else 1)
    return model


def test_teacher_forcing_equals_the_steps_in_values_and_gradients(model: Seq2Seq) -> None:
    batch = collate(SOURCES, TARGETS, range(3))
    embedded = model.embeddings.embed_target(batch.target[:, :-1])
    found = []
    for run in (model.decoder.forward, model.decoder.stepwise):
        model.zero_grad()
        outputs, weights, _ = run(embedded, model.start(batch.source, batch.source_lengths))
        assert weights is not None
        torch.manual_seed(0)
        (outputs * torch.randn_like(outputs)).sum().backward(retain_graph=True)
        gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
        assert not [name for name in gradients if "window" in name and not gradients[name].any()]
        found.append((outputs, weights, gradients))
    assert_close(found[0], found[1], rtol=0, atol=1e-10)


def test_a_batch_gives_what_each_sentence_gives_alone(model: Seq2Seq) -> None:
    together = collate(SOURCES, TARGETS, range(3))
    logits = model(together.source, together.source_lengths, together.target[:, :-1]).logits
    for row in range(3):
        alone = collate(SOURCES[row : row + 1], TARGETS[row : row + 1], [0])
        expected = model(alone.source, alone.source_lengths, alone.target[:, :-1]).logits
        assert_close(logits[row : row + 1, : expected.shape[1]], expected, rtol=0, atol=1e-10)


def test_search_finds_what_teacher_forcing_says_and_a_beam_of_one_is_greedy(model: Seq2Seq) -> None:
    limit = LengthLimit(ratio=1.0, extra=3, maximum=8)
    batch = collate(SOURCES, [[]] * 3, range(3))
    with torch.no_grad():
        greedy, one, three = (
            search(model, model.start(batch.source, batch.source_lengths), batch.source_lengths)
            for search in (
                Greedy(length_limit=limit),
                Beam(length_limit=limit, beam_size=1),
                Beam(length_limit=limit, beam_size=3, num_hypotheses=3),
            )
        )
        assert [[each.tokens for each in row] for row in one] == [[each.tokens for each in row] for row in greedy]
        for source, hypotheses in zip(SOURCES, three, strict=True):
            for found in hypotheses:
                written = [*found.tokens, model.eos] if found.finished else found.tokens
                alone = collate([source], [[]], [0])
                target = torch.tensor([[model.bos, *written[:-1]]])
                forced = model(alone.source, alone.source_lengths, target)
                steps = forced.logits.log_softmax(dim=-1)[0].gather(1, torch.tensor(written).unsqueeze(1))
                assert found.log_prob == pytest.approx(steps.sum().item(), abs=1e-5)
                assert found.weights is not None
                assert forced.weights is not None
                assert_close(found.weights.double(), forced.weights[0], rtol=0, atol=1e-6)
