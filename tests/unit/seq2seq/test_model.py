"""The whole model as search and training see it."""

import pytest
import torch
from torch.testing import assert_close

from attnlab.attention.attend import Attention
from attnlab.attention.general import General
from attnlab.attention.normalizers.softmax import Softmax
from attnlab.attention.windows.whole import Whole
from attnlab.data.batch import Batch, collate
from attnlab.decoding.protocol import SearchState, StepModel
from attnlab.seq2seq.bridge import Copy
from attnlab.seq2seq.cells import LSTM
from attnlab.seq2seq.embeddings import Embeddings
from attnlab.seq2seq.encoder import Encoder
from attnlab.seq2seq.luong import LuongDecoder
from attnlab.seq2seq.merge import Attentional
from attnlab.seq2seq.model import Seq2Seq
from attnlab.seq2seq.state import DecoderState
from attnlab.text.special import BOS, EOS, PAD


@pytest.fixture
def model() -> Seq2Seq:
    torch.manual_seed(0)
    return Seq2Seq(
        embeddings=Embeddings(
            source_vocab_size=11,
            target_vocab_size=9,
            embedding_size=6,
            output_size=8,
            dropout=0.0,
            tie_output=True,
            tie_sides=False,
        ),
        encoder=Encoder(cell=LSTM(), embedding_size=6, memory_size=8, num_layers=2, bidirectional=True, dropout=0.0),
        bridge=Copy(memory_size=8, hidden_size=8, num_layers=2),
        decoder=LuongDecoder(
            attention=Attention(scoring=General(8, 8), normalizer=Softmax(1.0), window=Whole()),
            merge=Attentional(8, 8),
            cell=LSTM(),
            embedding_size=6,
            hidden_size=8,
            num_layers=2,
            input_feeding=True,
            dropout=0.0,
            output_dropout=0.0,
        ),
    )


@pytest.fixture
def batch() -> Batch:
    return collate([[4, 5, 10], [6]], [[4, 5], [8, 7]], range(2))


def test_the_model_is_what_search_asks_for(model: Seq2Seq, batch: Batch) -> None:
    step_model: StepModel[DecoderState] = model
    assert isinstance(step_model, StepModel)
    assert isinstance(model.start(batch.source, batch.source_lengths), SearchState)
    assert (model.bos, model.eos, model.banned) == (BOS, EOS, (PAD, BOS))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_log_probabilities_of_a_step_are_normalised_in_float32_at_least(
    model: Seq2Seq, batch: Batch, dtype: torch.dtype
) -> None:
    model = model.to(dtype)
    [log_probs] = model.step(batch.target[:, :1], model.start(batch.source, batch.source_lengths)).log_probs
    assert log_probs.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    assert_close(log_probs.exp().sum(dim=-1), torch.ones_like(log_probs[..., 0]))


def test_sampled_tokens_are_the_model_s_own_read_at_the_next_step_without_gradient(
    model: Seq2Seq, batch: Batch
) -> None:
    with torch.no_grad():
        dict(model.named_parameters())["embeddings.output.1.bias"][7] = 1e4  # it always says 7
    read = torch.full_like(batch.target[:, :-1], 7)
    read[:, 0] = BOS
    results = []
    for prediction in (
        model.sampled(batch.source, batch.source_lengths, batch.target[:, :-1], 1.0),
        model(batch.source, batch.source_lengths, read),
    ):
        gradients = torch.autograd.grad(prediction.logits.sin().sum(), list(model.parameters()))
        results.append((prediction.logits, prediction.weights, gradients))
    assert_close(results[0], results[1])


def test_a_rate_between_mixes_reference_and_own_tokens(model: Seq2Seq) -> None:
    """With one of two known words at each place, one in four readings of three tokens is as forced."""
    with torch.no_grad():
        dict(model.named_parameters())["embeddings.output.1.bias"][7] = 1e4
    batch = collate([[4]] * 400, [[4, 4]] * 400, range(400))
    arguments = (batch.source, batch.source_lengths, batch.target[:, :-1])
    forced, mixed = model(*arguments).logits[:, -1], model.sampled(*arguments, 0.5).logits[:, -1]
    share = torch.isclose(forced, mixed, atol=1e-6).all(dim=-1).double().mean().item()
    assert share == pytest.approx(0.25, abs=0.08)
