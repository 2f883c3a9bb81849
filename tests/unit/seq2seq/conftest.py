"""Every kind of cell, and float64 wherever numbers are compared."""

from collections.abc import Iterator

import pytest
import torch

from attnlab.seq2seq.cells import GRU, LSTM, Cell, Plain


@pytest.fixture(params=[LSTM(), GRU(), Plain()], ids=["lstm", "gru", "plain"])
def cell(request: pytest.FixtureRequest) -> Cell:
    """Every kind of cell, one after the other."""
    kind: Cell = request.param
    return kind


@pytest.fixture
def float64() -> Iterator[None]:
    """Everything that is made in the test holds float64, from the same seed."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
