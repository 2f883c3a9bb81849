"""What may not follow a hypothesis, against a slow definition."""

from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlab.decoding.constraints import Constraints

VOCAB, EOS = 6, 3


def forbidden(history: list[list[list[int]]], *, minimum: int = 0, ngram: int = 0) -> list[list[set[int]]]:
    tokens = torch.tensor(history, dtype=torch.int64)
    log_probs = torch.zeros(*tokens.shape[:2], VOCAB)
    Constraints(banned=(0, 2), eos=EOS, minimum_length=minimum, no_repeat_ngram_size=ngram).forbid_(log_probs, tokens)
    return [[{int(token) for token in (row == float("-inf")).nonzero()} for row in rows] for rows in log_probs]


def test_banned_tokens_and_an_early_end() -> None:
    assert forbidden([[[1, 4]]], minimum=2) == [[{0, 2}]]
    assert forbidden([[[1, 4]]], minimum=3) == [[{0, 2, EOS}]]


def test_no_banned_token() -> None:
    log_probs = torch.zeros(1, 1, VOCAB)
    history = torch.empty(1, 1, 0, dtype=torch.int64)
    Constraints(banned=(), eos=EOS, minimum_length=0, no_repeat_ngram_size=2).forbid_(log_probs, history)
    assert (log_probs == 0).all()


def test_a_bigram_is_not_repeated() -> None:
    """After 1 4 1, another 4 would repeat 1 4; the second hypothesis has not been at 5 before."""
    assert forbidden([[[1, 4, 1], [1, 4, 5]]], ngram=2) == [[{0, 2, 4}, {0, 2}]]


@settings(max_examples=50, deadline=None)
@given(
    history=st.integers(0, 7).flatmap(
        lambda length: st.lists(st.lists(st.sampled_from([1, 4, 5]), min_size=length, max_size=length), min_size=2)
    ),
    ngram=st.integers(0, 4),
)
def test_exactly_what_would_repeat_is_forbidden(checks: Any, history: list[list[int]], ngram: int) -> None:
    """Of a history without repetition; one that already repeats cannot arise."""
    free = [path for path in history if not checks.repeats(path, ngram)]
    for found, path in zip(forbidden([free], ngram=ngram)[0] if free else [], free, strict=True):
        assert found == {0, 2} | {token for token in (1, 4, 5) if checks.repeats([*path, token], ngram)}
