"""Links and their error rate, by hand and against a count in loops."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attnlab.data.pharaoh import GoldAlignment
from attnlab.evaluation.alignment import LinkCounts, best_links, diagonal_links, links_above

# Columns: three source words and EOS.
WEIGHTS = torch.tensor(
    [
        [0.6, 0.3, 0.1, 0.0],  # the first word
        [0.1, 0.3, 0.1, 0.5],  # EOS: no link
        [0.2, 0.4, 0.4, 0.0],  # the first of equals
        [0.0, 0.0, 0.0, 0.0],  # nothing at all, as behind a window that left the source
    ]
)


def gold(*sure: tuple[int, int], possible: tuple[tuple[int, int], ...] = ()) -> GoldAlignment:
    return GoldAlignment(frozenset(sure), frozenset(sure + possible))


def test_each_target_word_is_linked_to_what_it_weighs_most() -> None:
    assert best_links(WEIGHTS) == {(0, 0), (1, 2)}


def test_every_weight_from_the_threshold_on_is_a_link_but_on_eos() -> None:
    assert links_above(WEIGHTS, 0.3) == {(0, 0), (1, 0), (1, 1), (1, 2), (2, 2)}
    assert links_above(torch.full((1, 4), 0.25)) == {(0, 0), (1, 0), (2, 0)}
    assert links_above(torch.full((1, 5), 0.2)) == set()


def test_left_to_right_links_words_at_the_same_share_of_the_way() -> None:
    assert diagonal_links(torch.zeros(3, 4)) == {(0, 0), (1, 1), (2, 2)}
    assert diagonal_links(torch.zeros(2, 5)) == {(1, 0), (3, 1)}  # middles of 1/4 and 3/4 in four words
    assert diagonal_links(torch.zeros(4, 3)) == {(0, 0), (0, 1), (1, 2), (1, 3)}
    assert diagonal_links(torch.zeros(3, 1)) == set()  # of a source without words


@pytest.mark.parametrize("links", [best_links, diagonal_links, links_above])
def test_no_target_words_no_links(links) -> None:  # type: ignore[no-untyped-def]
    assert links(torch.zeros(0, 4)) == set()


def test_the_example_by_hand() -> None:
    # A = {00, 11, 22, 32}, S = {00, 11, 21}, P = S + {22}: |A and S| = 2, |A and P| = 3.
    counts = LinkCounts.of({(0, 0), (1, 1), (2, 2), (3, 2)}, gold((0, 0), (1, 1), (2, 1), possible=((2, 2),)))
    assert counts == LinkCounts(found=4, sure=3, found_sure=2, found_possible=3)
    assert counts.precision == 3 / 4
    assert counts.recall == 2 / 3
    assert counts.error_rate == pytest.approx(1 - 5 / 7)


def test_figures_of_a_corpus_are_ratios_of_sums() -> None:
    # One link right of one, and none of three: a mean of the sentences would be (0 + 1) / 2.
    short = LinkCounts.of({(0, 0)}, gold((0, 0)))
    long = LinkCounts.of({(0, 0), (1, 1), (2, 2)}, gold((0, 1), (1, 2), (2, 0)))
    total = LinkCounts.total([short, long])
    assert (short.error_rate, long.error_rate) == (0, 1)
    assert total.error_rate == 1 - 2 / 8
    assert total.precision == total.recall == 1 / 4


def test_empty_sets() -> None:
    """Nothing found is nothing wrong, nothing to be found is nothing missing."""
    nothing, all_missing, all_wrong = (
        LinkCounts.of([], gold()),
        LinkCounts.of([], gold((0, 0))),
        LinkCounts.of({(0, 0)}, gold()),
    )
    assert (nothing.precision, nothing.recall, nothing.error_rate) == (1, 1, 0)
    assert (all_missing.precision, all_missing.recall, all_missing.error_rate) == (1, 0, 1)
    assert (all_wrong.precision, all_wrong.recall, all_wrong.error_rate) == (0, 1, 1)
    # Possible links alone: what is found of them is right, and what is not is not missed.
    possible = LinkCounts.of({(0, 0)}, gold(possible=((0, 0), (1, 1))))
    assert (possible.precision, possible.recall, possible.error_rate) == (1, 1, 0)


LINKS = st.frozensets(st.tuples(st.integers(0, 3), st.integers(0, 3)))


@given(found=LINKS, sure=LINKS, more=LINKS)
def test_the_definition_in_loops(found: frozenset[tuple[int, int]], sure: frozenset[tuple[int, int]], more) -> None:  # type: ignore[no-untyped-def]
    possible = sure | more
    counts = LinkCounts.of(found, GoldAlignment(sure, possible))
    hits = sum((source, target) in sure for source, target in found)
    near = sum((source, target) in possible for source, target in found)
    if found or sure:
        assert counts.error_rate == 1 - (hits + near) / (len(found) + len(sure))
    assert 0 <= counts.error_rate <= 1
    if possible == sure and found and sure and hits:  # then AER is 1 - F1
        f1 = 2 * counts.precision * counts.recall / (counts.precision + counts.recall)
        assert counts.error_rate == pytest.approx(1 - f1)
