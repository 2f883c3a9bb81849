"""Layers import only downward."""

import ast
from pathlib import Path

LAYERS = [
    {"errors", "files", "masking", "tape"},
    {"decoding", "attention", "text"},
    {"evaluation", "seq2seq", "data"},
    {"training"},
    {"experiment", "study"},
]
MAY_USE_BESIDE = {"evaluation": {"seq2seq", "data"}, "study": {"experiment"}}
OUTER = {"lightning": 3, "pytorch_lightning": 3, "hydra": 4, "omegaconf": 4, "optuna": 4, "wandb": 4}

LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def imports(path: Path) -> set[str]:
    """Every module a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def forbidden(part: str, module: str) -> bool:
    head, *rest = module.split(".")
    if head == "hydra_plugins":
        return True  # it stands on attnlab, not the other way round
    if head in OUTER:
        return LEVEL[part] < OUTER[head]
    if head != "attnlab" or not rest or rest[0] == part:
        return False
    below = LEVEL[rest[0]] < LEVEL[part]
    return not below and rest[0] not in MAY_USE_BESIDE.get(part, set())


def test_layers_import_only_downward(repository: Path) -> None:
    package = repository / "src" / "attnlab"
    wrong = [
        f"{path.relative_to(package)} imports {module}"
        for path in sorted(package.rglob("*.py"))
        if (part := path.relative_to(package).parts[0].removesuffix(".py")) != "__init__"
        for module in sorted(imports(path))
        if forbidden(part, module)
    ]
    assert not wrong


def test_every_part_has_a_layer(repository: Path) -> None:
    package = repository / "src" / "attnlab"
    parts = {path.name.removesuffix(".py") for path in package.iterdir() if not path.name.startswith(("_", "py."))}
    assert parts <= set(LEVEL)


def test_the_law_can_be_broken() -> None:
    assert forbidden("attention", "attnlab.decoding.beam")
    assert forbidden("study", "hydra_plugins.attnlab_sweeper._queue")
    assert forbidden("seq2seq", "attnlab.evaluation.answer")
    assert forbidden("evaluation", "lightning.pytorch")
    assert forbidden("experiment", "attnlab.study.table")
    assert not forbidden("study", "attnlab.experiment.results")
    assert not forbidden("training", "lightning")
    assert not forbidden("evaluation", "attnlab.seq2seq.model")


def test_only_the_composition_root_knows_hydra_optuna_and_wandb() -> None:
    for part in ("seq2seq", "data", "training", "evaluation", "decoding"):
        assert all(forbidden(part, f"{module}.core") for module in ("hydra", "omegaconf", "optuna", "wandb"))
    assert not forbidden("experiment", "wandb.sdk")


def test_no_test_imports_benchmarks(repository: Path) -> None:
    assert not [path for path in (repository / "tests").rglob("*.py") if "benchmarks" in imports(path)]


def test_entry_points_are_thin(repository: Path) -> None:
    for name in ("train.py", "evaluate.py", "translate.py", "probe.py", "compare.py"):
        assert len((repository / name).read_text(encoding="utf-8").splitlines()) <= 25, name
