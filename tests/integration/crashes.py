"""Kills a training again and again, lets it go on each time, and compares what is left with one that was not killed.

python tests/integration/crashes.py KILLS [LOG.md] does so in a temporary folder.
"""

import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from csv import DictReader
from pathlib import Path

import torch
from command_line import TINY, Commands

from attnlab.experiment.layout import CHECKPOINT_FOLDER, METRICS_FILE, TRANSLATIONS_FILE, WEIGHTS_FILE
from attnlab.experiment.results import environment
from attnlab.experiment.resume import is_run
from attnlab.training.checkpoint_file import read_checkpoint

TRAINING = (
    *TINY,
    "logger=csv",
    "logger.flush_every=1",
    "trainer.max_epochs=3",
    "data.batch.max_tokens=800",
    "model.dropout=0.2",
    "scheduled_sampling=0.1",
    "average_checkpoints=2",
    "callbacks.resumable.every_steps=2",
)
MOMENTS: Mapping[str, tuple[str, int]] = {
    "a step's forward pass": ("attnlab.training.task:TranslationTask.training_step", 12),
    "after an optimizer step": ("attnlab.training.averaging:MovingAverage.on_train_batch_end", 12),
    "validation": ("attnlab.training.task:TranslationTask.validation_step", 3),
    "a checkpoint half written": ("half", 10),
    "a checkpoint written, not renamed": ("os:fsync", 16),
    "a checkpoint renamed": ("attnlab.training.checkpoint_file:_sync_folder", 8),
    "the test": ("attnlab.experiment.score:answer", 1),
    "writing the results": ("attnlab.experiment.results:write_whole", 4),
    "any moment": ("seconds", 0),
}
"""Where a process kills itself, and the highest number of calls after which it does."""
EXPLAINED = """A tiny training (3 epochs, the 2 best averaged, dropout, scheduled sampling, a state every 2 steps)
gets SIGKILL at random moments and goes on by `resume=`. At the end of each round its weights, its last state, all
figures, translations and logged losses are compared with those of a training that was left alone: bit for bit."""


def survive(commands: Commands, kills: int, seed: int) -> list[str]:
    """Kills at least so many times; one line for each kill.

    Raises:
        AssertionError: a training that was killed left something else than one that was not.
    """
    rng, log, round_number, hits = random.Random(seed), [], 0, 0
    begun = time.monotonic()
    whole = _start(commands, "whole")
    seconds = time.monotonic() - begun
    assert whole == 0
    moments = [moment for _ in range(kills) for moment in rng.sample(list(MOMENTS), len(MOMENTS))]
    while hits < kills:
        round_number += 1
        folder = commands.folder / f"killed_{round_number}"
        while not (folder / METRICS_FILE).exists():
            status, said = -9, "left alone"
            if hits < kills:
                moment = moments.pop()
                place, most = MOMENTS[moment]
                when = f"{rng.uniform(0, seconds):.3f}" if place == "seconds" else str(rng.randint(1, most))
                said = f"{moment} ({when}{' s' if place == 'seconds' else '.'})"
                status = _start(commands, folder.name, kill=f"{place}@{when}")
            else:
                status = _start(commands, folder.name)
            assert status in (0, -9), status
            if status == -9:
                hits += 1
                log.append(f"round {round_number}, kill {hits}: {said}, {_progress(folder)}")
        _compare(commands.folder / "whole", folder)
        log.append(f"round {round_number} finished: equal")
    return log


def _start(commands: Commands, folder: str, *, kill: str = "") -> int:
    """Begins a run, or goes on with it."""
    where = [f"hydra.run.dir={folder}"]
    arguments = [f"resume={folder}"] if is_run(commands.folder / folder) else [*TRAINING, *where]
    return commands("train", *arguments, "paths.cache=cache", environment={"KILL": kill}).status


def _progress(folder: Path) -> str:
    last = folder / CHECKPOINT_FOLDER / "last.ckpt"
    if (folder / CHECKPOINT_FOLDER / WEIGHTS_FILE).exists():
        return "training over"
    return f"last kept step {read_checkpoint(last)['global_step']}" if last.exists() else "nothing kept yet"


def _compare(whole: Path, killed: Path) -> None:
    """Weights, figures and translations, and the loss of every step."""
    for name in (WEIGHTS_FILE, "last.ckpt"):
        first, second = (read_checkpoint(folder / CHECKPOINT_FOLDER / name)["state_dict"] for folder in (whole, killed))
        assert first.keys() == second.keys()
        assert all(torch.equal(value, second[key]) for key, value in first.items()), name
    assert _figures(whole) == _figures(killed)
    assert (whole / TRANSLATIONS_FILE).read_bytes() == (killed / TRANSLATIONS_FILE).read_bytes()
    names = [sorted(path.name for path in (folder / CHECKPOINT_FOLDER).iterdir()) for folder in (whole, killed)]
    assert names[0] == names[1]
    losses, again = _losses(whole), _losses(killed)
    # A state is kept before its own step is logged: that one loss is missing if nothing comes after.
    assert again.items() <= losses.items()
    assert all(name.startswith("train/loss") for name in losses.keys() - again.keys())


def _figures(folder: Path) -> dict[str, float]:
    metrics: dict[str, float] = json.loads((folder / METRICS_FILE).read_text("utf-8"))["metrics"]
    return {name: value for name, value in metrics.items() if not name.endswith("_per_second")}


def _losses(folder: Path) -> dict[str, set[str]]:
    """What was logged for each step, by all starts of a run."""
    losses: dict[str, set[str]] = {}
    for path in folder.glob("csv/*/metrics.csv"):
        with path.open(encoding="utf-8") as file:
            for row in DictReader(file):
                for name in ("train/loss", "train/nll", "val/loss", "val/bleu"):
                    if row.get(name):
                        losses.setdefault(f"{name} {row['step']}", set()).add(row[name])
    return losses


def main(kills: int, log: Path | None) -> None:
    """Prints the log and its summary, and leaves both in a file if one is named."""
    folder = Path(tempfile.mkdtemp(prefix="crashes"))
    commands = Commands(Path(__file__).parents[2], folder, {"OMP_NUM_THREADS": "1", "WANDB_MODE": "offline"})
    try:
        lines = survive(commands, kills, seed=kills)
    finally:
        commands.close()
    shutil.rmtree(folder)
    counts = Counter(line.partition(": ")[2].partition(" (")[0] for line in lines if ", kill " in line)
    summary = [f"{sum(counts.values())} kills, 0 losses", "", *(f"- {moment}: {counts[moment]}" for moment in MOMENTS)]
    text = "\n".join([*summary, "", *(f"- {line}" for line in lines)])
    print(text)
    if log is not None:
        facts = environment(precision="32-true", device=torch.device("cpu"), folder=Path(__file__).parent)
        made = f"`make crash-test KILLS={kills}` on {facts['cpu']}, commit {facts['git']['commit'][:7]}"
        log.write_text(f"# Crash test\n\n{EXPLAINED}\n\nMade by {made}.\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
