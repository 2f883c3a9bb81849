"""What search finds with a real model is what that model says under teacher forcing."""

from itertools import product

import pytest
import torch
from builders import BuildModel
from torch import Tensor
from torch.testing import assert_close

from attnlab.data.batch import collate
from attnlab.decoding.beam import Beam
from attnlab.decoding.greedy import Greedy
from attnlab.decoding.limits import LengthLimit
from attnlab.decoding.protocol import Hypothesis, Search
from attnlab.decoding.sampling import Sampling
from attnlab.seq2seq.model import Seq2Seq
from attnlab.text.special import BOS, EOS, PAD

SOURCES = [[4, 5, 6, 7, 8], [5], [9, 10, 4]]
LIMIT = LengthLimit(ratio=1.0, extra=3, maximum=8)
SEARCHES: dict[str, Search] = {
    "greedy": Greedy(length_limit=LIMIT),
    "beam": Beam(length_limit=LIMIT, beam_size=3, num_hypotheses=3, length_penalty=1.0),
    "sampling": Sampling(length_limit=LIMIT, seed=0, num_samples=3),
}


@pytest.fixture
def model(model_name: str, build_model: BuildModel) -> Seq2Seq:
    """A model that is sure of itself: fresh weights are so small that every word is nearly as probable as any other."""
    model = build_model(model_name).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4 if parameter.ndim > 1 else 1)
    return model


def find(search: Search, model: Seq2Seq, sources: list[list[int]]) -> list[list[Hypothesis]]:
    batch = collate(sources, [[]] * len(sources), range(len(sources)))
    with torch.no_grad():
        return search(model, model.start(batch.source, batch.source_lengths), batch.source_lengths)


def forced(model: Seq2Seq, source: list[int], written: list[int]) -> tuple[float, Tensor | None]:
    """Log-probability and weights of what was written, EOS counted if it is there."""
    read = torch.tensor([[BOS, *written[:-1]]])
    batch = collate([source], [[]], [0])
    with torch.no_grad():
        predicted = model(batch.source, batch.source_lengths, read)
        logits, weights = predicted.logits, predicted.weights
    steps = logits.log_softmax(dim=-1)[0].gather(1, torch.tensor(written).unsqueeze(1))
    return steps.sum().item(), None if weights is None else weights[0]


@pytest.mark.parametrize("name", SEARCHES)
def test_log_probabilities_and_weights_are_those_of_teacher_forcing(name: str, model: Seq2Seq) -> None:
    for source, hypotheses in zip(SOURCES, find(SEARCHES[name], model, SOURCES), strict=True):
        for found in hypotheses:
            log_prob, weights = forced(model, source, [*found.tokens, EOS] if found.finished else found.tokens)
            assert found.log_prob == pytest.approx(log_prob, abs=1e-5)
            assert (found.weights is None) == (weights is None)
            if found.weights is not None and weights is not None:
                assert found.weights.shape[1] == len(source) + 1
                assert_close(found.weights.double(), weights, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["greedy", "beam"])
def test_a_batch_finds_what_each_sentence_finds_alone(name: str, model: Seq2Seq) -> None:
    together = find(SEARCHES[name], model, SOURCES)
    for source, hypotheses in zip(SOURCES, together, strict=True):
        (alone,) = find(SEARCHES[name], model, [source])
        assert [found.tokens for found in hypotheses] == [found.tokens for found in alone]
        assert [found.score for found in hypotheses] == pytest.approx([found.score for found in alone])


def test_a_beam_of_one_is_greedy(model: Seq2Seq) -> None:
    greedy = find(SEARCHES["greedy"], model, SOURCES)
    beam = find(Beam(length_limit=LIMIT, beam_size=1), model, SOURCES)
    assert [[found.tokens for found in sentence] for sentence in beam] == [
        [found.tokens for found in sentence] for sentence in greedy
    ]


def test_a_beam_as_wide_as_the_space_finds_the_best_of_all(model: Seq2Seq) -> None:
    """Up to two words and EOS, or three words cut off at the limit: 1 + 8 + 64 + 512 hypotheses."""
    limit = LengthLimit(ratio=0.0, extra=3, maximum=3)
    words = [token for token in range(11) if token not in {PAD, BOS, EOS}]
    every = [[*path, EOS] for length in range(3) for path in product(words, repeat=length)]
    every += [list(path) for path in product(words, repeat=3)]
    padded = torch.tensor([[BOS, *path, *[PAD] * (3 - len(path))] for path in every])
    batch = collate([SOURCES[2]] * len(every), [[]] * len(every), range(len(every)))
    with torch.no_grad():
        log_probs = model(batch.source, batch.source_lengths, padded[:, :-1]).logits.log_softmax(dim=-1)
    steps = log_probs.gather(-1, padded[:, 1:].unsqueeze(-1)).squeeze(-1) * (padded[:, 1:] != PAD)
    best = steps.sum(dim=1).topk(20)

    (found,) = find(Beam(length_limit=limit, beam_size=600, num_hypotheses=20), model, [SOURCES[2]])
    written = [[*each.tokens, EOS] if each.finished else each.tokens for each in found]
    assert written == [every[index] for index in best.indices.tolist()]
    assert [each.log_prob for each in found] == pytest.approx(best.values.tolist(), abs=1e-5)


def test_samples_come_as_often_as_the_model_says(model: Seq2Seq) -> None:
    """First words of 400 samples against the model's own distribution, within five standard errors."""
    search = Sampling(length_limit=LengthLimit(ratio=0.0, extra=1, maximum=1), seed=3, num_samples=400)
    (samples,) = find(search, model, [SOURCES[0]])
    words = torch.tensor([[*each.tokens, EOS][0] for each in samples])
    batch = collate([SOURCES[0]], [[]], [0])
    with torch.no_grad():
        probable = model(batch.source, batch.source_lengths, torch.tensor([[BOS]])).logits[0, 0].softmax(dim=-1)
    probable[[PAD, BOS]] = 0
    probable /= probable.sum()
    shares = torch.bincount(words, minlength=11) / 400
    error = (probable * (1 - probable) / 400).sqrt()
    assert ((shares - probable).abs() <= 5 * error + 1e-9).all()


def test_rough_weights_find_what_teacher_forcing_says_in_bfloat16(model: Seq2Seq) -> None:
    """Greedy search under bfloat16 takes at each step a word that its own teacher forcing puts first, or nearly."""
    rough = model.bfloat16()
    for source, (found,) in zip(SOURCES, find(SEARCHES["greedy"], rough, SOURCES), strict=True):
        written = [*found.tokens, EOS] if found.finished else found.tokens
        read, batch = torch.tensor([[BOS, *written[:-1]]]), collate([source], [[]], [0])
        with torch.no_grad():
            scores = rough(batch.source, batch.source_lengths, read).logits[0].float().log_softmax(dim=-1)
        scores[:, [PAD, BOS]] = float("-inf")
        taken = scores.gather(1, torch.tensor(written).unsqueeze(1)).squeeze(1)
        assert (scores.amax(dim=-1) - taken < 0.2).all()
        assert found.log_prob == pytest.approx(taken.sum().item(), rel=0.05, abs=0.2)
