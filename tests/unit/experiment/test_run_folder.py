"""Run folders."""

from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from attnlab.errors import RunError
from attnlab.experiment.resume import held
from attnlab.experiment.run_folder import claim, mean_weights, read_trained, read_weights, save_weights


def test_a_folder_is_taken_by_one_run_only(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").touch()  # of a run that was killed before it began
    claim(tmp_path)
    (tmp_path / "composed.yaml").touch()
    (tmp_path / "tokenizer").mkdir()
    with pytest.raises(RunError, match=r"a folder of its own, but .* holds another one: go on with it by resume"):
        claim(tmp_path)


def test_one_process_works_in_a_folder(tmp_path: Path) -> None:
    for _ in range(2):
        with (
            held(tmp_path / "new"),
            pytest.raises(RunError, match=r"another one works on .*new: wait for it, or end it"),
            held(tmp_path / "new"),
        ):
            pass


def test_weights_come_back_as_they_were_saved_and_nothing_else_is_left(tmp_path: Path) -> None:
    weights = {"decoder.weight": torch.randn(2, 3), "encoder.bias": torch.zeros(1)}
    save_weights(tmp_path / "model.ckpt", weights, {"val/bleu": 1 / 3})
    assert_close(read_weights(tmp_path / "model.ckpt"), weights)
    assert read_trained(tmp_path / "model.ckpt")[1] == {"val/bleu": 1 / 3}
    assert [path.name for path in tmp_path.iterdir()] == ["model.ckpt"]


def test_checkpoints_are_averaged_weight_by_weight(tmp_path: Path) -> None:
    for number, value in enumerate([1.0, 2.0, 6.0]):
        save_weights(tmp_path / f"{number}.ckpt", {"weight": torch.full((2,), value)}, {})
    assert_close(mean_weights(sorted(tmp_path.iterdir())), {"weight": torch.full((2,), 3.0)})
