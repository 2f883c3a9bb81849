"""What embeddings and the output layer share."""

import pytest
import torch
from torch.testing import assert_close

from attnlab.errors import ConfigError
from attnlab.seq2seq.embeddings import EVEN, Embeddings
from attnlab.text.special import PAD


def embeddings_of(
    *, tie_output: bool = False, tie_sides: bool = False, source: int = 9, target: int = 9, size: int = 4
) -> Embeddings:
    torch.manual_seed(0)
    return Embeddings(
        source_vocab_size=source,
        target_vocab_size=target,
        embedding_size=size,
        output_size=6,
        dropout=0.0,
        tie_output=tie_output,
        tie_sides=tie_sides,
    )


@pytest.mark.parametrize(
    ("tie_output", "tie_sides", "matrices"), [(False, False, 3), (True, False, 2), (False, True, 2), (True, True, 1)]
)
def test_a_tied_matrix_is_one_parameter(tie_output: bool, tie_sides: bool, matrices: int) -> None:
    embeddings = embeddings_of(tie_output=tie_output, tie_sides=tie_sides)
    assert sum(parameter.shape[0] == 9 and parameter.ndim == 2 for parameter in embeddings.parameters()) == matrices


def test_a_tied_matrix_adds_the_gradients_of_all_its_uses() -> None:
    tied, apart = embeddings_of(tie_output=True, tie_sides=True), embeddings_of(tie_output=True)
    with torch.no_grad():
        apart.target.weight.copy_(tied.target.weight)
        apart.source.weight.copy_(tied.target.weight)
        for ours, theirs in zip(apart.output.parameters(), tied.output.parameters(), strict=True):
            ours.copy_(theirs)
    tokens, outputs = torch.tensor([[4, 5, 4]]), torch.randn(1, 3, 6)
    for embeddings in (tied, apart):
        source, target = embeddings.embed_source(tokens), embeddings.embed_target(tokens)
        (source.sin().sum() + 2 * target.cos().sum() + embeddings.logits(outputs).square().sum()).backward()
    assert apart.source.weight.grad is not None
    assert apart.target.weight.grad is not None
    assert_close(tied.target.weight.grad, apart.source.weight.grad + apart.target.weight.grad)


def test_a_tied_output_layer_multiplies_with_the_embedding() -> None:
    embeddings = embeddings_of(tie_output=True)
    outputs = torch.randn(2, 3, 6)
    projection, vocabulary = embeddings.output.children()
    expected = (outputs @ projection.get_parameter("weight").T) @ embeddings.target.weight.T
    assert_close(embeddings.logits(outputs), expected + vocabulary.get_parameter("bias"))


@pytest.mark.parametrize("tie_output", [False, True])
@pytest.mark.parametrize("words", [9, 16, 33])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_log_probs_are_the_log_softmax_of_the_scores(dtype: torch.dtype, words: int, tie_output: bool) -> None:
    embeddings = embeddings_of(target=words, tie_output=tie_output).to(dtype)
    outputs = torch.randn(2, 3, 6, dtype=dtype)
    naive = embeddings.logits(outputs).detach().to(torch.promote_types(dtype, torch.float32)).log_softmax(dim=-1)
    [found] = embeddings.log_probs(outputs)
    assert_close(found[..., :words], naive)
    assert (found[..., words:] == -torch.inf).all()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype is torch.float32):
        [found] = embeddings.log_probs(outputs)
    assert_close(found[..., :words], naive, rtol=0, atol=1e-6 if dtype is torch.bfloat16 else 0.05)


def test_log_probs_come_a_few_sentences_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings, outputs = embeddings_of().double(), torch.randn(50, 3, 6, dtype=torch.float64)
    monkeypatch.setattr("attnlab.seq2seq.embeddings.AT_ONCE", 9 * EVEN)
    blocks = [*embeddings.log_probs(outputs)]
    assert [len(block) for block in blocks] == [EVEN // 3, EVEN // 3, 50 - 2 * (EVEN // 3)]
    assert_close(torch.cat(blocks)[..., :9], embeddings.logits(outputs).detach().log_softmax(dim=-1))


@pytest.mark.parametrize("size", [16, 256])
def test_vectors_start_with_length_one_and_enter_the_layers_with_numbers_of_about_one(size: int) -> None:
    embeddings = embeddings_of(source=2000, size=size)
    assert embeddings.source.weight.norm(dim=1).square().mean().item() == pytest.approx(1.0, abs=0.05)
    embedded = embeddings.embed_source(torch.arange(2000).unsqueeze(0))
    assert embedded.square().mean().item() == pytest.approx(1.0, abs=0.05)


def test_first_scores_are_small_tied_or_not() -> None:
    """Scores of several hundred would make the first loss many times log(vocabulary)."""
    for tie_output in (False, True):
        embeddings = embeddings_of(tie_output=tie_output, source=500, target=500, size=64)
        assert embeddings.logits(torch.rand(4, 4, 6) * 2 - 1).abs().max() < 10


def test_padding_gets_no_gradient_from_being_embedded() -> None:
    embeddings = embeddings_of()
    embeddings.embed_source(torch.tensor([[PAD, 4]])).sum().backward()
    assert embeddings.source.weight.grad is not None
    assert embeddings.source.weight.grad[:, 0].bool().tolist() == [row == 4 for row in range(9)]


def test_dropout_is_for_training() -> None:
    embeddings = embeddings_of()
    embeddings.dropout.p = 0.5
    tokens = torch.full((1, 50), 4)
    assert (embeddings.train().embed_source(tokens) == 0).any()
    assert (embeddings.embed_target(tokens) == 0).any()
    assert_close(embeddings.eval().embed_source(tokens)[0, 0], 2 * embeddings.source.weight[4])  # sqrt(4)


def test_sides_with_different_vocabularies_cannot_share() -> None:
    with pytest.raises(
        ConfigError,
        match=r"one vocabulary for both sides, but they have 8 and 9.*model\.network\.embeddings\.tie_sides",
    ):
        embeddings_of(tie_sides=True, source=8)
