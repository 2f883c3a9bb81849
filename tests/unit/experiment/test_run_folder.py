"""Run folders."""

from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from attnlab.errors import RunError
from attnlab.experiment.run_folder import claim, mean_weights, read_weights, save_weights


def test_a_folder_is_taken_by_one_run_only(tmp_path: Path) -> None:
    claim(tmp_path / "model" / "now")
    with pytest.raises(RunError, match=r"a folder of its own, but .*now holds another one: start again"):
        claim(tmp_path / "model" / "now")


def test_weights_come_back_as_they_were_saved_and_nothing_else_is_left(tmp_path: Path) -> None:
    weights = {"decoder.weight": torch.randn(2, 3), "encoder.bias": torch.zeros(1)}
    save_weights(tmp_path / "model.ckpt", weights)
    assert_close(read_weights(tmp_path / "model.ckpt"), weights)
    assert [path.name for path in tmp_path.iterdir()] == ["model.ckpt"]


def test_checkpoints_are_averaged_weight_by_weight(tmp_path: Path) -> None:
    for number, value in enumerate([1.0, 2.0, 6.0]):
        save_weights(tmp_path / f"{number}.ckpt", {"weight": torch.full((2,), value)})
    assert_close(mean_weights(sorted(tmp_path.iterdir())), {"weight": torch.full((2,), 3.0)})
