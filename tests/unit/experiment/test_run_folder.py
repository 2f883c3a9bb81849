"""Run folders."""

from pathlib import Path

import pytest

from attnlab.errors import RunError
from attnlab.experiment.run_folder import claim


def test_a_folder_is_taken_by_one_run_only(tmp_path: Path) -> None:
    claim(tmp_path / "model" / "now")
    with pytest.raises(RunError, match=r"a folder of its own, but .*now holds another one: start again"):
        claim(tmp_path / "model" / "now")
