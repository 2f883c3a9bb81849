"""The speed benchmarks run at tiny sizes, and their tables say what was measured."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TINY = ("model.hidden_size=16", "model.embedding_size=8", "trainer.accelerator=cpu")
FEW = ("--threads=1", "--rounds=1", "--precisions", "32-true", "--data=missing", "--pairs=60", "--work=work")


@pytest.fixture
def measure(repository: Path, tmp_path: Path) -> Callable[..., str]:
    """Runs a benchmark and returns what it wrote."""

    def run(name: str, *arguments: str) -> str:
        command = [sys.executable, str(repository / "benchmarks" / f"{name}.py"), *arguments, "--output=results"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
        (file,) = (tmp_path / "results").glob(f"*-{name}.md")
        assert done.stdout.endswith(f"results/{file.name}\n")
        written = file.read_text(encoding="utf-8")
        assert all(fact in written for fact in ("Hardware: ", "torch 2.", "Commit: ", f"benchmarks/{name}.py"))
        return written

    return run


def rows(written: str, column: int = 0) -> list[str]:
    return [line.split(" | ")[column].strip("| ") for line in written.splitlines() if line.startswith("| ")]


def test_training(measure: Callable[..., str]) -> None:
    """Both ways of decoding are compared, and torch counts the operations that the sizes give."""
    written = measure("training", *TINY, *FEW, "--steps=1", "--skip=1")
    sides = ["luong_general, 32-true", "luong_general, 32-true, no input feeding", "recurrent layers alone, 32-true"]
    assert rows(written)[2:] == sides
    assert "missing is not on this machine" in written
    assert "hidden_size: 16" in written
    counts = re.findall(r"([\d,]+) operations a token \(([\d,]+) by hand\)", written)
    (fed, fed_by_hand), (parallel, parallel_by_hand) = [[int(n.replace(",", "")) for n in pair] for pair in counts]
    assert fed == pytest.approx(fed_by_hand, rel=0.02)
    assert parallel == pytest.approx(parallel_by_hand, rel=0.02)
    assert parallel < fed


@pytest.mark.slow
def test_decoding(measure: Callable[..., str]) -> None:
    written = measure("decoding", *TINY, *FEW, "--train-steps=1", "--batch-sizes=20")
    assert rows(written)[2:] == ["greedy", "beam 5"]
    (greedy, beam) = (float(limit.split()[0].replace(",", "")) for limit in rows(written, column=5)[2:])
    assert 0 < beam < greedy / 2


@pytest.mark.slow
def test_growth(measure: Callable[..., str]) -> None:
    sizes = [f"--{axis}={size}" for axis, size in (("hidden", 8), ("source", 5), ("target", 5), ("batch", 2))]
    moving = ["--hidden-sizes=8", "--source-sizes", "5", "10", "20", "--target-sizes=5", "--batch-sizes=2"]
    small = ("model.embedding_size=8", "--threads=1", "--rounds=1", *sizes, *moving)
    written = measure("growth", *small, "--beam-sizes=2")
    found = [row for row in rows(written) if row not in ("size", "---")]
    step = ["hidden 8", "source 5", "source 10", "source 20", "target 5", "batch 2"]
    assert found == [*step, *step, "beam 2"]
    assert written.count("a straight line is off by at most") == 4
    assert "${" not in written
    assert "???" not in written


@pytest.mark.slow
def test_pipeline(measure: Callable[..., str]) -> None:
    written = measure("pipeline", "--pairs=400", "--rounds=1", "--steps=1", "--max-tokens=64", "--work=work")
    stages = ["generate", "write files", "read text", "read jsonl", "read parquet", "prepare", "start", "epoch"]
    assert [row for row in rows(written) if row not in ("stage", "---")] == stages * 2
    assert re.search(r"the pipeline gives [\d,]+ .* training uses [\d,]+ .* times fewer", written)


@pytest.mark.slow
def test_startup(measure: Callable[..., str]) -> None:
    data = ("data=grammar", "data.train_size=200", "data.validation_size=20", "data.test_size=20")
    written = measure("startup", *data, *TINY, "--rounds=1")
    assert rows(written)[2:] == ["`train.py --help`", "`train.py model.hidden_sizes=1`", "first training step"]
