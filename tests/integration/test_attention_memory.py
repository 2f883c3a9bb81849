"""The memory benchmark runs, and its table says what it measured."""

import subprocess
import sys
from pathlib import Path

SIZES = {"batch": "8", "source": "30", "target": "20", "hidden": "16", "direct-batch": "2"}


def test_every_row_is_measured_and_written(repository: Path, tmp_path: Path) -> None:
    script = repository / "benchmarks" / "attention_memory.py"
    options = [f"--{name}={value}" for name, value in SIZES.items()]
    command = [sys.executable, str(script), *options, "--ways", "at once", "--output", str(tmp_path / "results")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    (file,) = (tmp_path / "results").iterdir()
    assert done.stdout.endswith(f"{file}\n")
    written = file.read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in written.splitlines() if " | at once | " in line]
    assert [row[0].strip("| ") for row in rows] == ["general", "additive", "naive additive"]
    assert [row[2] for row in rows] == ["8", "8", "2"]
    assert "8 sentences of 30 words, 20 steps, states of 16 numbers" in written
    for fact in ("--direct-batch=2", "Hardware: ", "torch 2.", "Commit: "):
        assert fact in written
    assert all(row in done.stdout for row in written.splitlines() if row.startswith("|"))
