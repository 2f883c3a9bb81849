"""How long train.py takes to answer: --help, a mistake on the command line, the first training step of a cached run.

    python benchmarks/startup.py
    python benchmarks/startup.py data=grammar data.train_size=200 --rounds 3

Each is a process of its own, timed from its start to its end, all in turn; a first round, which also prepares the data
and warms the disk cache, does not count. The process of the first step ends right after the optimizer has moved.
"""

import argparse
import os
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

import report
from alternating import alternate

from attnlab.experiment.layout import CONFIG_FILE

FIRST_STEP = "first training step"
COMMANDS = {"--help": 0, "model.hidden_sizes=1": 2, FIRST_STEP: 0}
"""What follows train.py, and its exit status."""
LIMITS = {"--help": 2, "model.hidden_sizes=1": 2, FIRST_STEP: 15}
"""Seconds that we want it to take at most."""


def main() -> None:
    """Measures all of them and writes the table."""
    if sys.argv[1:2] == ["--first-step"]:
        stop_after_a_step(sys.argv[2:])
    arguments = parse()
    with tempfile.TemporaryDirectory() as folder:
        sides = {name: partial(seconds, name, Path(folder), arguments.overrides) for name in COMMANDS}
        measured = alternate(sides, rounds=arguments.rounds)
        config = next(Path(folder).rglob(CONFIG_FILE)).read_text("utf-8").replace(folder, "FOLDER")
    rows = [
        [f"`train.py {name}`" if name != FIRST_STEP else name, measured.side(name).show(".2f"), str(LIMITS[name])]
        for name in sides
    ]
    meaning = (
        f"Seconds from the start of a process to its end (for the first step: to the end of the optimizer's first "
        f"step, the data being prepared already, `{' '.join(arguments.overrides)}`): median and quartiles of "
        f"{arguments.rounds} rounds."
    )
    table = report.table(["command", "seconds", "wanted at most"], rows)
    report.write("startup", "Start-up time", [meaning, "", *table], config=config, output=arguments.output)


def parse() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="Start-up time of train.py.")
    parser.add_argument("overrides", nargs="*", default=["data=grammar"], help="the run whose first step is awaited")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--output", type=Path, default=report.RESULTS)
    return parser.parse_args()


def seconds(name: str, folder: Path, overrides: Sequence[str]) -> float:
    """Of one process.

    Raises:
        RuntimeError: it ended otherwise than it should.
    """
    train = [str(report.ROOT / "train.py"), name]
    if name == FIRST_STEP:
        train = [__file__, "--first-step", *overrides, f"paths.outputs={folder}", "logger=none"]
    started = time.perf_counter()
    done = subprocess.run([sys.executable, *train], check=False, cwd=folder, capture_output=True, text=True)
    taken = time.perf_counter() - started
    if done.returncode != COMMANDS[name]:
        raise RuntimeError(f"{name} ended with status {done.returncode}: {done.stderr[-2000:]}")
    return taken


def stop_after_a_step(overrides: Sequence[str]) -> NoReturn:
    """Runs train.py in this process until an optimizer has made a step."""
    from torch.optim.optimizer import register_optimizer_step_post_hook  # noqa: PLC0415 - only here

    def stop(*_: object) -> NoReturn:
        os._exit(0)

    register_optimizer_step_post_hook(stop)
    sys.argv = [str(report.ROOT / "train.py"), *overrides]
    runpy.run_path(sys.argv[0], run_name="__main__")
    sys.exit("train.py ended without a training step")


if __name__ == "__main__":
    main()
