"""What a model may hand to a search a few sentences at a time."""

import copy
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from attnlab.decoding.beam import Beam
from attnlab.decoding.greedy import Greedy
from attnlab.decoding.limits import LengthLimit
from attnlab.decoding.protocol import Search, StepOutput
from attnlab.decoding.sampling import Sampling

LENGTHS = [2, 5, 1, 7, 3]
LIMIT = LengthLimit(ratio=1.0, extra=2, maximum=8)


@pytest.mark.parametrize(
    "search",
    [
        Greedy(length_limit=LIMIT),
        Beam(length_limit=LIMIT, beam_size=3, num_hypotheses=2),
        Sampling(length_limit=LIMIT, seed=4, num_samples=2),
    ],
)
def test_how_many_sentences_come_at_once_changes_nothing(build_chain: Any, search: Search) -> None:
    found = []
    for at_once in (1, 2, 5):
        chain = build_chain(seed=3, num_words=6, at_once=at_once)
        fresh = copy.deepcopy(search)  # the generator of samples runs on
        found.append([[one.tokens for one in several] for several in fresh(chain, *chain.start(LENGTHS))])
    assert found[0] == found[1] == found[2]


def test_blocks_say_which_sentences_they_hold_in_float32_at_least(build_chain: Any) -> None:
    state, _ = build_chain().start(LENGTHS)
    log_probs = torch.randn(5, 2, 7).bfloat16()
    blocks = [*StepOutput(log_probs.split(2), weights=None, state=state).blocks()]
    assert [some for some, _ in blocks] == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert_close(torch.cat([block for _, block in blocks]), log_probs.float(), rtol=0, atol=0)
