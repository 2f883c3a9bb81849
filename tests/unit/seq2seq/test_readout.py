"""The maxout unit."""

import torch
from torch.testing import assert_close

from attnlab.seq2seq.readout import Maxout


def test_the_larger_of_each_pair_goes_on() -> None:
    maxout = Maxout(2, 2, dropout=0.0)
    with torch.no_grad():
        maxout.projection.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-1.0, -1.0]]))
        maxout.projection.bias.copy_(torch.tensor([0.0, 0.0, 0.0, 1.0]))
    # state 3, context -2: pairs (3, -2) and (1, -1 + 1)
    result = maxout(torch.tensor([[[3.0]]]), torch.tensor([[[-2.0]]]))
    assert_close(result, torch.tensor([[[3.0, 1.0]]]))
    # state -3, context 1: pairs (-3, 1) and (-2, 2 + 1)
    assert_close(maxout(torch.tensor([[[-3.0]]]), torch.tensor([[[1.0]]])), torch.tensor([[[1.0, 3.0]]]))
