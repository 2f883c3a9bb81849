"""The table of scoring functions is made from the code, and README.md holds the newest."""

from pathlib import Path

import pytest

from attnlab.errors import ConfigError
from attnlab.experiment.family import BEGIN, END, family_table, with_table


def test_the_readme_holds_the_table_that_the_code_makes(repository: Path) -> None:
    readme = (repository / "README.md").read_text(encoding="utf-8")
    assert with_table(readme, family_table()) == readme, "run python -m attnlab.experiment.family README.md"


def test_every_scoring_function_has_a_row_with_its_parameters(repository: Path) -> None:
    rows = [row.split(" | ") for row in family_table().splitlines()[2:]]
    names = [row[0].strip("| `") for row in rows]
    assert names == sorted(path.stem for path in (repository / "conf" / "model" / "attention").glob("*.yaml"))
    parameters = {name: row[2] for name, row in zip(names, rows, strict=True)}
    assert parameters["dot"] == "0"
    assert parameters["general"] == f"{256 * 256:,}"
    assert parameters["concat"] == f"{512 * 256 + 256:,}"


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    assert with_table(f"a\n{BEGIN}\nold\n{END}\nb\n", "new") == f"a\n{BEGIN}\nnew\n{END}\nb\n"


def test_a_text_without_marks_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"the table goes between .* add these lines\.$"):
        with_table(f"a\n{BEGIN}\nb\n", "new")
