"""Every option of a model changes something, and no option breaks a law of the decoders."""

import pytest
import torch
from builders import BuildModel
from torch import Tensor
from torch.testing import assert_close

from attnlab.attention.scoring import ScoringFunction
from attnlab.data.batch import Batch, collate
from attnlab.seq2seq.model import Seq2Seq
from attnlab.training.precision import knows_bfloat16

OPTIONS = [
    "model.num_layers=2",
    "model/cell=gru",
    "model/cell=plain",
    "model/bridge=copy",
    "model/bridge=learned",
    "model/bridge=zero",
    "model.network.decoder.num_layers=2 model.bridge.num_layers=2",
]
CHANGES = [(name, option) for name in ("luong_general", "bahdanau", "no_attention_context") for option in OPTIONS]
CHANGES += [
    ("luong_general", "model.num_layers=3"),
    ("luong_general", "model.bidirectional=false"),
    ("luong_general", "model.network.decoder.input_feeding=false"),
    ("luong_general", "model/merge=gated"),
    ("luong_general", "model/merge=gated model.network.decoder.input_feeding=false"),
    ("luong_general", "model/merge=concatenation model.num_layers=2"),
    ("luong_general", "model/merge=concatenation model.network.decoder.input_feeding=false"),
    ("luong_general", "model.network.encoder.num_layers=3"),
    ("luong_general", "model.network.embeddings.tie_output=true"),
    ("luong_general", "model.network.embeddings.tie_sides=true"),
    ("luong_concat", "model/cell=gru model.num_layers=2"),
    ("bahdanau", "model.attention.key_size=5"),
    ("no_attention", "model.num_layers=2"),
]
THE_SAME = {("luong_general", "model/bridge=copy"), ("no_attention_context", "model/bridge=copy")}
THE_SAME |= {("bahdanau", "model/bridge=learned")}
BLIND = {("no_attention_context", "model/bridge=zero")}
"""Without attention and with nothing over the bridge, the decoder knows nothing of the source."""


@pytest.fixture
def batch() -> Batch:
    return collate([[5, 6, 7, 8, 9], [6, 6], [9]], [[7, 5, 6], [8, 8, 9, 10], []], range(3))


def build(build_model: BuildModel, name: str, options: str) -> Seq2Seq:
    return build_model(name, *options.split()).double().eval()


def logits(model: Seq2Seq, batch: Batch) -> Tensor:
    scores: Tensor = model(batch.source, batch.source_lengths, batch.target[:, :-1]).logits
    return scores


def shapes(model: Seq2Seq) -> dict[str, torch.Size]:
    return {name: parameter.shape for name, parameter in model.named_parameters()}


@pytest.mark.parametrize(("name", "options"), CHANGES)
def test_every_option_changes_something(name: str, options: str, build_model: BuildModel, batch: Batch) -> None:
    plain, changed = build(build_model, name, ""), build(build_model, name, options)
    differs = shapes(plain) != shapes(changed)
    if not differs:  # the same parameters, then: another use of them
        changed.load_state_dict(plain.state_dict())
        differs = not torch.allclose(logits(plain, batch), logits(changed, batch))
    assert differs == ((name, options) not in THE_SAME)


@pytest.mark.parametrize(("name", "options"), CHANGES)
def test_every_parameter_of_every_option_counts(name: str, options: str, build_model: BuildModel, batch: Batch) -> None:
    model = build(build_model, name, options)
    torch.manual_seed(1)
    scores = logits(model, batch)
    (scores * torch.randn_like(scores)).sum().backward()
    unused = {name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum()}
    expected = set() if (name, options) not in BLIND else {"source", "encoder"}
    assert {name.removeprefix("embeddings.").split(".")[0] for name in unused} == expected


@pytest.mark.parametrize(("name", "options"), CHANGES)
def test_the_fast_path_equals_the_steps_under_every_option(
    name: str, options: str, build_model: BuildModel, batch: Batch
) -> None:
    model = build(build_model, name, options)
    embedded = model.embeddings.embed_target(batch.target[:, :-1])
    state = model.start(batch.source, batch.source_lengths)
    results = []
    for run in (model.decoder.forward, model.decoder.stepwise):
        model.zero_grad()
        outputs, weights, last = run(embedded, state)
        outputs.cos().sum().backward(retain_graph=True)
        gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
        results.append(([outputs, last.recurrent.hidden, *([] if weights is None else [weights])], gradients))
    assert_close(results[0], results[1], rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["luong_general", "bahdanau", "no_attention", "no_attention_context"])
@pytest.mark.parametrize(
    "place", ["encoder.dropout", "decoder.dropout", "decoder.output_dropout", "embeddings.dropout"]
)
def test_dropout_is_for_training(name: str, place: str, build_model: BuildModel, batch: Batch) -> None:
    model = build(build_model, name, f"model.network.{place}=0.5 model.num_layers=2")
    assert_close(logits(model, batch), logits(model, batch), rtol=0, atol=0)
    model.train()
    assert not torch.allclose(logits(model, batch), logits(model, batch))


def test_bfloat16_is_float32_within_its_eight_bits(model_name: str, build_model: BuildModel, batch: Batch) -> None:
    at_once = model_name.startswith("no_attention") or "input_feeding=false" in model_name
    if at_once and not knows_bfloat16("cpu"):
        pytest.skip("the LSTM kernel of this CPU knows no bfloat16")
    model = build_model(model_name).eval()
    exact = logits(model, batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = logits(model, batch)
        loss = rough.float().log_softmax(dim=-1)[..., 5].sum()
    loss.backward()
    assert_close(rough.float(), exact, rtol=0, atol=0.05)
    gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    logits(model, batch).log_softmax(dim=-1)[..., 5].sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None
        assert gradients[name].dtype == torch.float32
        assert_close(gradients[name], parameter.grad, rtol=0.1, atol=0.03 * parameter.grad.abs().max().item() + 1e-3)


def test_nothing_is_remembered_between_calls(model_name: str, build_model: BuildModel, batch: Batch) -> None:
    model = build(build_model, model_name, "")
    first, before = logits(model, batch), {name: value.clone() for name, value in model.state_dict().items()}
    other = collate([[8, 8, 8, 8, 8, 8, 8]], [[4]], [0])
    logits(model, other)
    model.step(other.target[:, :1], model.start(other.source, other.source_lengths))
    assert_close(logits(model, batch), first, rtol=0, atol=0)
    assert_close(dict(model.state_dict()), before, rtol=0, atol=0)


def test_scoring_is_all_that_differs_between_two_rows_of_a_table(build_model: BuildModel) -> None:
    rows = [
        {name: shape for name, shape in shapes(build_model(model)).items() if "attention" not in name}
        for model in (
            "luong_dot",
            "luong_general",
            "luong_concat",
            "luong_location",
            "luong_additive",
            "uniform_attention",
        )
    ]
    assert all(row == rows[0] for row in rows)
    shared = ("embeddings.", "encoder.")
    sides = [
        {name: shape for name, shape in shapes(build_model(model)).items() if name.startswith(shared)}
        for model in ("luong_dot", "bahdanau", "no_attention", "no_attention_context")
    ]
    assert all(side == sides[0] for side in sides)


@pytest.mark.parametrize("name", ["luong_general", "luong_concat", "bahdanau"])
def test_keys_are_computed_once_for_each_source(
    name: str, build_model: BuildModel, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build(build_model, name, "")
    attention = model.decoder.get_submodule("attention.scoring")
    assert isinstance(attention, ScoringFunction)
    keys, calls = attention.keys, []

    def count(memory: Tensor) -> Tensor:
        calls.append(memory.shape)
        return keys(memory)

    monkeypatch.setattr(attention, "keys", count)
    logits(model, batch)
    state = model.start(batch.source, batch.source_lengths)
    for position in range(3):
        state = model.step(batch.target[:, position : position + 1], state).state
    assert len(calls) == 2
