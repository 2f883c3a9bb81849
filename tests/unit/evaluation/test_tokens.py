import math

import torch

from attnlab.evaluation.tokens import TokenTotals


def totals(*sentences: tuple[float, int, int]) -> TokenTotals:
    nats, tokens, correct = zip(*sentences, strict=True)
    return TokenTotals(torch.tensor(nats, dtype=torch.float64), torch.tensor(tokens), torch.tensor(correct))


def test_rows_are_selected_in_the_order_in_which_they_are_asked_for() -> None:
    some = totals((3.0, 3, 3), (1.0, 1, 1), (2.0, 2, 2)).select([2, 1])
    assert some.tokens.tolist() == some.correct.tolist() == [2, 1]
    assert some.negative_log_likelihood.tolist() == [2.0, 1.0]
    assert some.loss == 1.0


def test_a_uniform_guess_has_the_perplexity_of_its_vocabulary() -> None:
    assert math.isclose(totals((5 * math.log(100), 5, 0), (2 * math.log(100), 2, 0)).perplexity, 100)


def test_many_small_numbers_are_summed_exactly_enough() -> None:
    """float32 would lose them: 2**24 + 1 == 2**24 there."""
    one = totals((float(2**24), 2**24, 2**24), (1.0, 1, 0))
    assert float(one.negative_log_likelihood.sum()) == 2**24 + 1
    assert one.accuracy == 2**24 / (2**24 + 1)


def test_a_hopeless_model_has_infinite_perplexity() -> None:
    assert totals((1e6, 1, 0)).perplexity == math.inf
