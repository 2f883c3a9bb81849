"""What a factor in a score does, on numbers a reader can check."""

import torch
from torch.testing import assert_close

from attnlab.attention.additive import Additive
from attnlab.attention.cosine import Cosine
from attnlab.attention.general import General
from attnlab.attention.normalized_additive import NormalizedAdditive
from attnlab.attention.scaled_dot import ScaledDot
from attnlab.attention.scaled_general import ScaledGeneral


def test_scaled_dot_halves_vectors_of_four() -> None:
    scoring = ScaledDot(query_size=4, memory_size=4)
    query, memory = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]]), torch.tensor([[[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 2.0]]])
    assert_close(scoring(query, scoring.keys(memory)), torch.tensor([[[5.0, 4.0]]]))


def test_scaled_general_starts_as_general() -> None:
    torch.manual_seed(0)
    scaled, general = ScaledGeneral(query_size=4, memory_size=6), General(query_size=4, memory_size=6)
    general.memory_projection.load_state_dict(scaled.memory_projection.state_dict())
    query, memory = torch.randn(2, 3, 4), torch.randn(2, 5, 6)
    expected = general(query, general.keys(memory))
    assert_close(scaled(query, scaled.keys(memory)), expected)
    with torch.no_grad():
        scaled.factor.fill_(3.0)
    assert_close(scaled(query, scaled.keys(memory)), 3 * expected)


def test_normalized_additive_starts_with_a_vector_of_length_one_over_root_key_and_no_bias() -> None:
    scoring = NormalizedAdditive(query_size=4, memory_size=6, key_size=16)
    assert scoring.gain == 0.25
    assert not scoring.bias.any()


def test_normalized_additive_is_additive_with_the_normalized_vector() -> None:
    torch.manual_seed(0)
    normalized = NormalizedAdditive(query_size=4, memory_size=6, key_size=16)
    additive = Additive(query_size=4, memory_size=6, key_size=16)
    additive.load_state_dict(normalized.state_dict(), strict=False)
    query, memory = torch.randn(2, 3, 4), torch.randn(2, 5, 6)
    expected = additive(query, additive.keys(memory)) * 0.25 / additive.vector.weight.norm()
    assert_close(normalized(query, normalized.keys(memory)), expected)


def test_the_length_of_the_vector_changes_nothing_and_gets_no_gradient() -> None:
    torch.manual_seed(0)
    scoring = NormalizedAdditive(query_size=4, memory_size=6, key_size=16)
    query, memory = torch.randn(2, 3, 4), torch.randn(2, 5, 6)
    before = scoring(query, scoring.keys(memory))
    before.square().sum().backward()
    vector = scoring.vector.weight
    assert vector.grad is not None
    assert_close((vector.grad * vector).sum(), torch.tensor(0.0), rtol=0.0, atol=1e-6)
    with torch.no_grad():
        vector *= 7
    assert_close(scoring(query, scoring.keys(memory)), before)


def test_cosine_sees_directions_alone() -> None:
    scoring = Cosine(query_size=2, memory_size=2, sharpness=5.0)
    query = torch.tensor([[[3.0, 0.0], [0.0, 1e-20]]])
    memory = torch.tensor([[[1e4, 0.0], [0.0, -2.0], [0.0, 0.0]]])
    assert_close(scoring(query, scoring.keys(memory))[0, 0], torch.tensor([5.0, 0.0, 0.0]))
    memory = torch.tensor([[[1.0, 1.0]]])
    assert_close(scoring(query[:, :1], scoring.keys(memory)).item(), 5 / 2**0.5)


def test_cosine_with_zero_vectors_has_finite_gradients_of_usual_size() -> None:
    scoring = Cosine(query_size=2, memory_size=2, sharpness=10.0)
    query = torch.tensor([[[0.0, 0.0], [1.0, 2.0]]], requires_grad=True)
    memory = torch.tensor([[[0.0, 0.0], [3.0, 4.0]]], requires_grad=True)
    scores = scoring(query, scoring.keys(memory))
    assert_close(scores.detach()[0, :, 0], torch.zeros(2))
    assert_close(scores.detach()[0, 0], torch.zeros(2))
    scores.sum().backward()
    for tensor in (query, memory, scoring.log_sharpness):
        assert tensor.grad is not None
        assert (tensor.grad.abs() <= 20).all()


def test_sharpness_is_what_it_was_set_to_and_stays_positive() -> None:
    scoring = Cosine(query_size=1, memory_size=1, sharpness=10.0)
    one = torch.ones(1, 1, 1)
    assert_close(scoring(one, scoring.keys(one)).item(), 10.0)
    with torch.no_grad():
        scoring.log_sharpness.sub_(50)
    assert scoring(one, scoring.keys(one)).item() > 0
