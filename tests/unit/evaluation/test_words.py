import pytest
import torch

from attnlab.errors import DataError, ShapeError
from attnlab.evaluation.words import merge_weights, read_alignment


def test_source_pieces_add_up_and_target_pieces_are_averaged() -> None:
    weights = torch.tensor([[0.1, 0.2, 0.7], [0.3, 0.4, 0.3], [0.0, 0.0, 1.0]])
    merged = merge_weights(weights, source_words=[0, 0, 1], target_words=[0, 0, 1])
    torch.testing.assert_close(merged, torch.tensor([[(0.3 + 0.7) / 2, (0.7 + 0.3) / 2], [0.0, 1.0]]))


def test_rows_keep_their_sum() -> None:
    weights = torch.rand(7, 9).softmax(dim=-1)
    merged = merge_weights(weights, [0, 0, 1, 2, 2, 2, 3, 4, 5], [0, 1, 1, 1, 2, 3, 4])
    assert merged.shape == (5, 6)
    torch.testing.assert_close(merged.sum(dim=1), torch.ones(5))


def test_whole_words_stay_as_they_are() -> None:
    weights = torch.rand(3, 4, dtype=torch.float64)
    torch.testing.assert_close(merge_weights(weights, [0, 1, 2, 3], [0, 1, 2]), weights)


def test_every_token_needs_a_word() -> None:
    with pytest.raises(ShapeError, match="2 target and 3 source tokens came with 2 and 2 words: count EOS"):
        merge_weights(torch.ones(2, 3), [0, 1], [0, 1])


def test_alignments_are_read() -> None:
    assert read_alignment("0-0 2-1  10-12") == {(0, 0), (2, 1), (10, 12)}
    assert read_alignment("") == set()


@pytest.mark.parametrize("text", ["0-0 1", "a-b", "1--2", "0:1"])
def test_a_spoilt_alignment_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="source-target links such as 0-0 1-2, but this one holds"):
        read_alignment(text)
