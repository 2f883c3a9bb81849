"""Every tensor of a search lies where the model's tensors lie."""

from typing import Any

import pytest
import torch

from attnlab.decoding.beam import Beam
from attnlab.decoding.greedy import Greedy
from attnlab.decoding.limits import LengthLimit
from attnlab.decoding.protocol import Search
from attnlab.decoding.sampling import Sampling

LIMIT = LengthLimit(ratio=1.0, extra=2, maximum=6, minimum=1)


@pytest.mark.parametrize(
    "search",
    [
        Greedy(length_limit=LIMIT, no_repeat_ngram_size=2),
        Beam(length_limit=LIMIT, beam_size=3, length_penalty=1.0, coverage_penalty=0.1, no_repeat_ngram_size=1),
        Sampling(length_limit=LIMIT, seed=0, num_samples=3, top_k=3, top_p=0.9),
    ],
    ids=lambda search: type(search).__name__,
)
def test_no_tensor_is_made_elsewhere(build_chain: Any, search: Search) -> None:
    """What does not name its device lands on `meta`, and meeting the model's tensors there is an error."""
    chain = build_chain(seed=1, eos_bonus=1.0)
    state, lengths = chain.start([3, 1, 4])
    with torch.device("meta"):
        found = search(chain, state, lengths)
    assert [len(several) for several in found] == [len(several) for several in search(chain, state, lengths)]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")
def test_gpu_gives_the_same(build_chain: Any) -> None:
    chain = build_chain(seed=1, num_words=5)
    state, lengths = chain.start([3, 1, 4])
    for build in (
        lambda: Greedy(length_limit=LIMIT),
        lambda: Beam(length_limit=LIMIT, beam_size=3, num_hypotheses=3, coverage_penalty=0.1),
        lambda: Sampling(length_limit=LIMIT, seed=0, num_samples=4, top_p=0.9),
    ):
        here = build()(chain, state, lengths)
        there = build()(chain, state.to("cuda"), lengths.cuda())
        assert [[one.tokens for one in found] for found in there] == [[one.tokens for one in found] for found in here]
