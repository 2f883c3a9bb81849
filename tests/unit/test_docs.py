"""What the documentation shows is what the code does."""

import doctest
from pathlib import Path


def test_the_examples_of_the_introduction(repository: Path) -> None:
    found = doctest.testfile(str(repository / "docs" / "attention.md"), module_relative=False)
    assert found.attempted > 10
    assert found.failed == 0
