"""How commands begin."""

from pathlib import Path

import pytest

from attnlab.experiment import launch


def test_an_installation_without_the_repository_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wheel holds no conf/."""
    monkeypatch.setattr(launch, "CONF", tmp_path / "conf")
    monkeypatch.setattr("sys.argv", ["train.py"])
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    with pytest.raises(SystemExit) as ended:
        launch.launch(lambda config: None, "train")
    assert ended.value.code == 2
    said = capsys.readouterr().err
    rule = f"error: attnlab runs from its repository, but {tmp_path}/conf is not there"
    assert said == f"{rule}: clone it and pip install -e there.\n"
