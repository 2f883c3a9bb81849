import math

import torch

from attnlab.evaluation.tokens import TokenTotals


def totals(*sentences: tuple[float, int, int]) -> TokenTotals:
    nats, tokens, correct = zip(*sentences, strict=True)
    return TokenTotals(torch.tensor(nats, dtype=torch.float64), torch.tensor(tokens), torch.tensor(correct))


def test_joined_parts_in_any_order_can_be_put_in_order_again() -> None:
    order = torch.tensor([2, 0, 1])
    parts = [totals((3.0, 3, 3), (1.0, 1, 1)), totals((2.0, 2, 2))]
    ordered = TokenTotals.join(parts).select(order.argsort())
    assert ordered.tokens.tolist() == [1, 2, 3]
    assert ordered.negative_log_likelihood.tolist() == [1.0, 2.0, 3.0]
    assert ordered.correct.tolist() == [1, 2, 3]


def test_a_uniform_guess_has_the_perplexity_of_its_vocabulary() -> None:
    assert math.isclose(totals((5 * math.log(100), 5, 0), (2 * math.log(100), 2, 0)).perplexity, 100)


def test_many_small_numbers_are_summed_exactly_enough() -> None:
    """float32 would lose them: 2**24 + 1 == 2**24 there."""
    one = totals((float(2**24), 2**24, 2**24), (1.0, 1, 0))
    assert float(one.negative_log_likelihood.sum()) == 2**24 + 1
    assert one.accuracy == 2**24 / (2**24 + 1)


def test_a_hopeless_model_has_infinite_perplexity() -> None:
    assert totals((1e6, 1, 0)).perplexity == math.inf
