"""How a source file looks."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src"
FILES = sorted(PACKAGE.rglob("*.py"))
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "core", "base"}


@pytest.fixture(params=FILES, ids=[str(path.relative_to(PACKAGE)) for path in FILES])
def path(request: pytest.FixtureRequest) -> Path:
    """Every source file, one after the other."""
    file: Path = request.param
    return file


def calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]


def test_a_file_opens_with_one_sentence(path: Path) -> None:
    """What it decides, on the first line."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring
    assert docstring.splitlines()[0].endswith((".", ":", "?"))


def test_a_file_has_at_most_300_lines_and_a_name_that_says_something(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
    assert not {part.removesuffix(".py") for part in path.relative_to(PACKAGE).parts} & VAGUE


def test_nothing_is_looked_up_with_a_default_of_its_own(path: Path) -> None:
    """getattr(x, name, default) and config.get hide a mistyped name."""
    wrong = [
        call.lineno
        for call in calls(path)
        if (isinstance(call.func, ast.Name) and call.func.id == "getattr" and len(call.args) > 2)
        or (
            isinstance(call.func, ast.Attribute)
            and call.func.attr == "get"
            and isinstance(call.func.value, ast.Name)
            and call.func.value.id in {"config", "cfg"}
        )
    ]
    assert not wrong


def test_nothing_is_left_to_do(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not [word for word in ("TODO", "FIXME", "XXX", "NotImplementedError") if word in text]
