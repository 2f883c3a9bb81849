"""The laws every named model keeps."""

import pytest
import torch
from builders import BuildModel
from torch.testing import assert_close

from attnlab.data.batch import collate
from attnlab.decoding.beam import Beam
from attnlab.decoding.limits import LengthLimit
from attnlab.seq2seq import encoder, recurrent
from attnlab.seq2seq.cells import run_as_stored
from attnlab.seq2seq.model import Seq2Seq
from attnlab.text.special import EOS
from attnlab.training import output_loss
from attnlab.training.loss import LabelSmoothedCrossEntropy, TranslationLoss

SOURCES = [[5, 6, 7, 8, 9], [6, 6], [9]]
TARGETS = [[7, 5, 6], [8, 8, 9, 10], []]


@pytest.fixture
def model(model_name: str, build_model: BuildModel) -> Seq2Seq:
    return build_model(model_name).double().eval()


def gradients(model: Seq2Seq) -> dict[str, torch.Tensor]:
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.grad is not None}


def test_the_fast_path_equals_the_steps_in_values_and_gradients(model: Seq2Seq) -> None:
    batch = collate(SOURCES, TARGETS, range(3))
    embedded = model.embeddings.embed_target(batch.target[:, :-1])
    state = model.start(batch.source, batch.source_lengths)
    results = []
    for run in (model.decoder.forward, model.decoder.stepwise):
        model.zero_grad()
        outputs, weights, last = run(embedded, state)
        values = [outputs, last.recurrent.hidden, last.recurrent.cell, last.fed, weights]
        known = [value for value in values if value is not None]
        torch.manual_seed(0)
        torch.stack([(value * torch.randn(value.shape)).sum() for value in known]).sum().backward(retain_graph=True)
        results.append((known, gradients(model)))
    fast, naive = results
    assert_close(fast, naive, rtol=0, atol=1e-10)


def test_the_loss_and_every_gradient_equal_those_of_the_steps_and_of_all_logits(
    model: Seq2Seq, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training as it is, with its fast decoder and its loss in chunks, beside the formulas one after the other."""
    monkeypatch.setattr(output_loss, "CHUNK", 64)
    monkeypatch.setattr(output_loss, "EVEN", 2)  # four rows of eleven words, filled up to sixteen
    batch = collate(SOURCES, TARGETS, range(3))
    read, labels = batch.target[:, :-1], batch.target[:, 1:]
    prediction = model(batch.source, batch.source_lengths, read)
    fast = TranslationLoss(label_smoothing=0.1, coverage=0.0)(prediction, labels).total
    state = model.start(batch.source, batch.source_lengths)
    outputs = model.decoder.stepwise(model.embeddings.embed_target(read), state).outputs
    naive = LabelSmoothedCrossEntropy(label_smoothing=0.1)(model.embeddings.logits(outputs), labels).smoothed
    results = []
    for loss in (fast, naive):
        model.zero_grad()
        loss.backward()
        results.append((loss, gradients(model)))
    assert_close(results[0], results[1], rtol=0, atol=1e-10)
    assert results[0][1].keys() == dict(model.named_parameters()).keys()


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "cast"])
def test_autocast_changes_little(
    stored: bool, model_name: str, build_model: BuildModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, with torch's recurrent layers in float32, and as on a CPU with bfloat16 (all have it for a GRU)."""
    for module in (encoder, recurrent) if stored else ():
        monkeypatch.setattr(module, "run_layers", run_as_stored)
    if stored:
        monkeypatch.setattr(encoder, "runs_unpacked", lambda _: False)
    cell = [] if stored else ["model/cell=gru"]
    model, batch = build_model(model_name, *cell).eval(), collate(SOURCES, TARGETS, range(3))
    results = []
    for enabled in (False, True):
        model.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            prediction = model(batch.source, batch.source_lengths, batch.target[:, :-1])
            loss = TranslationLoss(label_smoothing=0.1, coverage=0.0)(prediction, batch.target[:, 1:]).total
        loss.backward()
        results.append((loss, gradients(model)))
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled), torch.inference_mode():
            state = model.start(batch.source, batch.source_lengths)
            [log_probs] = model.step(batch.target[:, :1], state).log_probs
            assert torch.isfinite(log_probs[..., 4:11]).all()
            search = Beam(beam_size=3, length_limit=LengthLimit(ratio=1.0, extra=2, maximum=6))
            assert len(search(model, state, batch.source_lengths)) == len(SOURCES)
    (loss, exact), (rough_loss, rough) = results
    assert_close(rough_loss, loss, rtol=0.02, atol=0, check_dtype=False)
    assert {name: each.dtype for name, each in rough.items()} == dict.fromkeys(exact, torch.float32)
    first, second = (torch.cat([each.flatten() for each in found.values()]) for found in (exact, rough))
    assert (
        torch.cosine_similarity(first, second, dim=0) > 0.97
    )  # where two maxout units are nearly equal the other one wins


def test_every_parameter_of_the_model_receives_a_gradient(model: Seq2Seq, model_name: str) -> None:
    batch = collate(SOURCES, TARGETS, range(3))
    logits = model(batch.source, batch.source_lengths, batch.target[:, :-1]).logits
    (logits * torch.randn_like(logits)).sum().backward()
    assert {name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum()} == set()


def test_teacher_forcing_equals_stepping_as_search_does(model: Seq2Seq) -> None:
    batch = collate(SOURCES, TARGETS, range(3))
    read = batch.target[:, :-1]
    forced = model(batch.source, batch.source_lengths, read)
    state = model.start(batch.source, batch.source_lengths)
    for position in range(read.shape[1]):
        output = model.step(read[:, position : position + 1], state)
        state = output.state
        [log_probs] = output.log_probs
        expected = forced.logits[:, position : position + 1].log_softmax(dim=-1)
        assert_close(log_probs[..., : expected.shape[2]], expected, rtol=0, atol=1e-10)
        if forced.weights is not None:
            assert_close(output.weights, forced.weights[:, position : position + 1], rtol=0, atol=1e-10)


def test_a_batch_gives_what_each_sentence_gives_alone(model: Seq2Seq) -> None:
    together = collate(SOURCES, TARGETS, range(3))
    logits = model(together.source, together.source_lengths, together.target[:, :-1]).logits
    for row in range(3):
        alone = collate(SOURCES[row : row + 1], TARGETS[row : row + 1], [0])
        expected = model(alone.source, alone.source_lengths, alone.target[:, :-1]).logits
        assert_close(logits[row : row + 1, : expected.shape[1]], expected, rtol=0, atol=1e-10)


def test_what_stands_at_source_padding_does_not_matter(model: Seq2Seq) -> None:
    batch = collate(SOURCES, TARGETS, range(3))
    source = batch.source.clone()
    for row, length in enumerate(batch.source_lengths.tolist()):
        source[row, length:] = 10
    clean = model(batch.source, batch.source_lengths, batch.target[:, :-1]).logits
    assert_close(model(source, batch.source_lengths, batch.target[:, :-1]).logits, clean)


def test_the_source_matters(model: Seq2Seq) -> None:
    one, other = collate([[5, 6]], [[7, 8]], [0]), collate([[5, 9]], [[7, 8]], [0])
    first = model(one.source, one.source_lengths, one.target).logits
    assert not torch.allclose(first, model(other.source, other.source_lengths, other.target).logits)


def test_selected_hypotheses_go_on_as_if_nothing_else_had_been(model: Seq2Seq) -> None:
    batch = collate(SOURCES, TARGETS, range(3))
    state = model.start(batch.source, batch.source_lengths).select(None, torch.zeros(3, 2, dtype=torch.long))
    state = model.step(torch.tensor([[5, 6], [7, 8], [9, 10]]), state).state
    kept = state.select(torch.tensor([2, 0]), torch.tensor([[1, 0, 1], [0, 0, 1]]))
    output = model.step(torch.tensor([[5, 5, 6], [7, 8, 9]]), kept)
    [log_probs] = output.log_probs
    for row, (sentence, history) in enumerate([(2, [[10, 5], [9, 5], [10, 6]]), (0, [[5, 7], [5, 8], [6, 9]])]):
        for hypothesis, tokens in enumerate(history):
            alone = collate([SOURCES[sentence]], [[]], [0])
            fresh = model.start(alone.source, alone.source_lengths)
            fresh = model.step(torch.tensor([[tokens[0]]]), fresh).state
            expected = model.step(torch.tensor([[tokens[1]]]), fresh)
            assert_close(log_probs[row, hypothesis], torch.cat([*expected.log_probs])[0, 0])
            if output.weights is not None and expected.weights is not None:
                length = alone.source.shape[1]
                assert_close(output.weights[row, hypothesis, :length], expected.weights[0, 0])


def test_weights_are_a_distribution_over_real_positions(model: Seq2Seq, model_name: str) -> None:
    batch = collate(SOURCES, TARGETS, range(3))
    weights = model(batch.source, batch.source_lengths, batch.target[:, :-1]).weights
    assert (weights is None) == model_name.startswith("no_attention")
    if weights is None:
        return
    assert_close(weights.sum(dim=-1), torch.ones_like(weights[..., 0]))
    assert (weights[1, :, 3:] == 0).all()
    assert (weights[2, :, 2:] == 0).all()


def test_sampling_at_rate_zero_is_teacher_forcing_and_at_one_is_not(model: Seq2Seq) -> None:
    batch = collate(SOURCES, TARGETS, range(3))
    arguments = (batch.source, batch.source_lengths, batch.target[:, :-1])
    forced = model(*arguments).logits
    torch.manual_seed(0)
    assert_close(model.sampled(*arguments, 0.0).logits, forced, rtol=0, atol=1e-10)
    free = model.sampled(*arguments, 1.0).logits
    assert_close(free[:, 0], forced[:, 0], rtol=0, atol=1e-10)
    assert not torch.allclose(free, forced)


def test_an_empty_source_is_an_end_token_and_gives_numbers(model: Seq2Seq) -> None:
    batch = collate([[]], [[7]], [0])
    assert batch.source.tolist() == [[EOS]]
    assert model(batch.source, batch.source_lengths, batch.target).logits.isfinite().all()
