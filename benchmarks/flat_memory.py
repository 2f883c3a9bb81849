"""Whether memory grows while training goes on, and while translate.py reads line after line.

python benchmarks/flat_memory.py [--steps 10000] [--lines 1000000]
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from report import RESULTS, ROOT, table, write

MODEL = ("model.hidden_size=32", "model.embedding_size=32", "trainer.precision=32-true", "trainer.accelerator=cpu")
DATA = (
    "data=grammar",
    "data.train_size=2000",
    "data.validation_size=50",
    "data.test_size=50",
    "data.batch.max_tokens=400",
)
LIMITS = (
    "search.length_limit.maximum=30",
    "validation_search.length_limit.maximum=30",
    "callbacks.early_stopping=null",
)
PARTS = 10
"""Measurements."""


def main() -> None:
    """Trains, translates with what was trained, and writes one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        training = train(Path(folder), arguments.steps)
        translating = translate(Path(folder), arguments.lines)
    rows = [
        [f"{step:,}", f"{memory:.1f}", f"{line:,}", f"{lines:.1f}"]
        for (step, memory), (line, lines) in zip(training, translating, strict=False)  # short trainings have few epochs
    ]
    body = [
        "Resident memory in MB: `train.py` after so many optimizer steps (each epoch is validated and kept),",
        "and of `translate.py` after so many lines of 1 to 12 words on its standard input, no two alike.",
        "",
        *table(["step", "train.py", "line", "translate.py"], rows, texts=0),
    ]
    write("flat-memory", "Memory over time", body, output=arguments.output)


def train(folder: Path, steps: int) -> list[tuple[int, float]]:
    """Steps and megabytes, at the ends of epochs."""
    command = [
        "train.py",
        *MODEL,
        *DATA,
        *LIMITS,
        f"hydra.run.dir={folder}/run",
        f"paths.cache={folder}/cache",
        "logger=csv",
    ]
    limits = ["trainer.max_epochs=-1", f"trainer.max_steps={steps}", "callbacks.progress=null"]
    measured: list[tuple[int, float]] = []
    with start(*command, *limits) as process:
        assert process.stdout is not None
        for line in process.stdout:
            found = re.search(rb"epoch \d+, step (\d+):", line)
            if found and int(found[1]) >= (len(measured) + 1) * steps // PARTS:
                measured.append((int(found[1]), resident(process.pid)))
    assert process.returncode == 0
    return measured


def translate(folder: Path, lines: int) -> list[tuple[int, float]]:
    """Lines and megabytes."""
    measured = []
    with start("translate.py", f"run={folder}/run", "search=greedy", stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        feeder = subprocess.Popen([sys.executable, __file__, "--feed", str(lines)], stdout=process.stdin)
        assert process.stdin is not None
        process.stdin.close()
        for number in range(1, lines + 1):
            assert process.stdout.readline().endswith(b"\n")
            if number % (lines // PARTS) == 0:
                measured.append((number, resident(process.pid)))
        assert feeder.wait() == 0
    assert process.returncode == 0
    return measured


def start(*arguments: str, stdin: int = subprocess.DEVNULL) -> "subprocess.Popen[bytes]":
    """One of our commands; what it says of unknown words is of no interest."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    script, *rest = arguments
    return subprocess.Popen(
        [sys.executable, str(ROOT / script), *rest],
        env=environment,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def sentences() -> Iterator[str]:
    """Lines of 1 to 12 words, no two alike."""
    words = ("the", "old", "dog", "man", "woman", "sees", "likes", "sleeps", "that", "and", "child")
    for number in count():
        yield " ".join(
            [*(words[(number * 7 + place * place) % len(words)] for place in range(number % 12)), str(number)]
        )


def resident(process: int) -> float:
    """Megabytes of memory in use."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text("utf-8"))
    assert found
    return int(found[1]) / 1024


if __name__ == "__main__":
    if sys.argv[1:2] == ["--feed"]:
        sys.stdout.writelines(f"{line}\n" for line in islice(sentences(), int(sys.argv[2])))
    else:
        main()
