"""A run that is killed at any moment goes on as if nothing had happened; `make crash-test` has more kills."""

from pathlib import Path

import pytest
from command_line import Commands
from crashes import survive


@pytest.fixture
def own_commands(commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """In a folder of this test alone."""
    monkeypatch.setattr(commands, "folder", tmp_path)
    return commands


def test_nothing_is_lost(own_commands: Commands) -> None:
    assert sum(", kill " in line for line in survive(own_commands, kills=3, seed=3)) == 3
