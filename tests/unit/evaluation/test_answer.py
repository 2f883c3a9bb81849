"""What a model's answers say of its references."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.testing import assert_close

from attnlab.data.batch import Batch, collate
from attnlab.decoding.greedy import Greedy
from attnlab.decoding.limits import LengthLimit
from attnlab.evaluation.answer import answer, attends
from attnlab.seq2seq.bridge import Copy
from attnlab.seq2seq.cells import GRU
from attnlab.seq2seq.decoder import Step
from attnlab.seq2seq.embeddings import Embeddings
from attnlab.seq2seq.encoder import Encoder
from attnlab.seq2seq.model import Prediction, Seq2Seq
from attnlab.seq2seq.no_attention import NoAttentionDecoder
from attnlab.text.special import PAD

SEARCH = Greedy(length_limit=LengthLimit(ratio=2.0, extra=3, maximum=20))


@pytest.fixture
def model() -> Seq2Seq:
    torch.manual_seed(0)
    return Seq2Seq(
        embeddings=Embeddings(
            source_vocab_size=9,
            target_vocab_size=9,
            embedding_size=4,
            output_size=6,
            dropout=0.0,
            tie_output=False,
            tie_sides=False,
        ),
        encoder=Encoder(cell=GRU(), embedding_size=4, memory_size=6, num_layers=1, bidirectional=True, dropout=0.0),
        bridge=Copy(memory_size=6, hidden_size=6, num_layers=1),
        decoder=NoAttentionDecoder(
            cell=GRU(), embedding_size=4, hidden_size=6, num_layers=1, dropout=0.0, output_dropout=0.0
        ),
    ).eval()


@pytest.fixture
def batch() -> Batch:
    return collate([[4, 5, 6], [7], [8, 8]], [[4], [5, 6, 7], []], [12, 3, 7])


def test_each_row_has_the_likelihood_of_its_own_reference(model: Seq2Seq, batch: Batch) -> None:
    answers = answer(model, batch, SEARCH)
    logits = model(batch.source, batch.source_lengths, batch.target[:, :-1]).logits
    for row, found in enumerate(answers):
        labels = batch.target[row, 1 : batch.target_lengths[row]]
        scores = logits[row, : len(labels)]
        assert found.tokens == len(labels)
        assert found.nll == pytest.approx(cross_entropy(scores, labels, reduction="sum").item(), rel=1e-5)
        assert found.correct == int((scores.argmax(dim=-1) == labels).sum())


def test_likelihoods_of_a_model_in_float64_keep_their_digits(model: Seq2Seq, batch: Batch) -> None:
    model.double()
    logits = model(batch.source, batch.source_lengths, batch.target[:, :-1]).logits
    wanted = cross_entropy(logits[1, :4], batch.target[1, 1:5], reduction="sum").item()
    assert answer(model, batch, SEARCH)[1].nll == pytest.approx(wanted, rel=1e-13)


def test_answers_are_in_the_batch_s_order_and_name_the_split_s_rows(model: Seq2Seq, batch: Batch) -> None:
    assert [found.row for found in answer(model, batch, SEARCH)] == [12, 3, 7]


def test_hypotheses_are_those_of_the_search(model: Seq2Seq, batch: Batch) -> None:
    searched = SEARCH(model, model.start(batch.source, batch.source_lengths), batch.source_lengths)
    assert [found.hypotheses for found in answer(model, batch, SEARCH)] == searched


def test_padding_is_never_a_correct_token(model: Seq2Seq, batch: Batch) -> None:
    with torch.no_grad():
        dict(model.named_parameters())["embeddings.output.bias"][PAD] = 1e4
    assert [found.correct for found in answer(model, batch, SEARCH)] == [0, 0, 0]


def test_likelihoods_are_summed_in_float32_at_least_whatever_the_model_computes_in(
    model: Seq2Seq, batch: Batch
) -> None:
    exact = torch.tensor([found.nll for found in answer(model, batch, SEARCH)])
    rough = torch.tensor([found.nll for found in answer(model.bfloat16(), batch, SEARCH)])
    assert_close(rough, exact, rtol=0.02, atol=0.02)


class Looking(Seq2Seq):
    """Spreads each step's weight evenly over the whole padded source, which a real model never does."""

    def forward(self, source: Tensor, source_lengths: Tensor, target: Tensor, step: Step | None = None) -> Prediction:
        predicted = super().forward(source, source_lengths, target, step)
        shape = (source.shape[0], target.shape[1], source.shape[1])
        numbers = torch.arange(float(shape[0] * shape[1] * shape[2])).view(shape)
        return replace(predicted, weights=numbers.to(predicted.outputs.dtype))


@pytest.fixture
def looking(model: Seq2Seq) -> Seq2Seq:
    return Looking(
        embeddings=model.embeddings, encoder=model.encoder, bridge=model.bridge, decoder=model.decoder
    ).eval()


def test_attention_to_a_reference_is_kept_on_request_and_without_padding(looking: Seq2Seq, batch: Batch) -> None:
    answers = answer(looking, batch, SEARCH, keep_weights=True)
    whole = looking(batch.source, batch.source_lengths, batch.target[:, :-1]).weights
    assert whole is not None
    for row, found in enumerate(answers):
        assert found.forced_weights is not None
        assert found.forced_weights.shape == (found.tokens, batch.source_lengths[row])
        assert_close(found.forced_weights, whole[row, : found.tokens, : batch.source_lengths[row]])
        # A copy, which does not keep the weights of the whole batch alive.
        assert found.forced_weights.untyped_storage().nbytes() == 4 * found.forced_weights.numel()
    assert [found.forced_weights for found in answer(looking, batch, SEARCH)] == [None] * 3


@pytest.mark.parametrize(("computed", "kept"), [(torch.bfloat16, torch.float32), (torch.float64, torch.float64)])
def test_attention_is_kept_in_float32_at_least(
    looking: Seq2Seq, batch: Batch, computed: torch.dtype, kept: torch.dtype
) -> None:
    (first, *_) = answer(looking.to(computed), batch, SEARCH, keep_weights=True)
    assert first.forced_weights is not None
    assert first.forced_weights.dtype == kept


def test_a_model_without_attention_has_none_to_keep(model: Seq2Seq, looking: Seq2Seq, batch: Batch) -> None:
    assert [found.forced_weights for found in answer(model, batch, SEARCH, keep_weights=True)] == [None] * 3
    assert not attends(model)
    assert attends(looking)
