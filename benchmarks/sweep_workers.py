"""What a sweep costs beyond its trainings, and how much faster two workers are than one.

    python benchmarks/sweep_workers.py
    python benchmarks/sweep_workers.py --trials 4 --rounds 1

The trials are the same training with other seeds, on one thread each. Sweeps with one worker and with two take turns.
A sweep is timed from the start of its first trial to the end of its last, so that imports do not count; the trainings
themselves are timed in a process that has imported everything, too.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import optuna
import report
from alternating import alternate
from report import ROOT

from attnlab.experiment.storage import open_storage

TRAINING = (
    "data.train_size=2000",
    "data.validation_size=100",
    "data.test_size=100",
    "data.recipe.hidden_size=128",
    "data.recipe.max_epochs=2",
    "trainer.accelerator=cpu",
    "trainer.precision=32-true",
    "callbacks.progress=null",
    "logger=none",
)
ALONE = """
import json, sys, time
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import open_dict
from attnlab.experiment.train import train
conf, folder, number, *overrides = sys.argv[1:]
seconds = []
with initialize_config_dir(conf):
    for seed in range(int(number)):
        config = compose("train", overrides=[*overrides, f"seed={seed}"], return_hydra_config=True)
        config.hydra.runtime.output_dir = f"{folder}/{seed}"
        HydraConfig.instance().set_config(config)
        with open_dict(config):
            del config.hydra
        begun = time.perf_counter()
        train(config)
        seconds.append(time.perf_counter() - begun)
print(json.dumps(seconds))
"""
"""The trainings one after the other, without a sweep."""


def main() -> None:
    """Times sweeps and trainings in turn, and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overrides", nargs="*", help="changes of the configuration")
    parser.add_argument("--trials", type=int, default=9)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=Path, default=ROOT / "outputs" / "benchmarks" / "workers")
    parser.add_argument("--output", type=Path, default=report.RESULTS)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    sides = {
        "trainings alone": partial(alone, arguments),
        "1 worker": partial(swept, 1, arguments),
        "2 workers": partial(swept, 2, arguments),
    }
    measured = alternate(sides, rounds=arguments.rounds, warm_up=0)
    ratio = measured.ratio("1 worker", to="2 workers")
    overhead = [
        one - other
        for one, other in zip(measured.figures["1 worker"], measured.figures["trainings alone"], strict=True)
    ]
    body = [
        f"{arguments.trials} trials; median and quartiles of {arguments.rounds} rounds.",
        "",
        *report.table(["", "seconds a trial"], [[name, measured.side(name).show(".2f")] for name in sides]),
        "",
        f"- A sweep adds {sorted(overhead)[len(overhead) // 2]:.2f} seconds to each trial.",
        f"- Two workers are {ratio.show('.2f')} times as fast as one.",
        "",
        f"Settings: `{' '.join((*TRAINING, *arguments.overrides))}`",
    ]
    report.write("sweep-workers", "What a sweep costs, and two workers against one", body, output=arguments.output)


def alone(arguments: argparse.Namespace) -> float:
    """Seconds of one training, the first left out."""
    work = arguments.work / "alone"
    shutil.rmtree(work, ignore_errors=True)
    command = [sys.executable, "-c", ALONE, str(ROOT / "conf"), str(work), str(arguments.trials)]
    done = subprocess.run(
        [*command, *TRAINING, *arguments.overrides, f"paths.outputs={arguments.work}"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    seconds: list[float] = json.loads(done.stdout.splitlines()[-1])
    return sum(seconds[1:]) / len(seconds[1:])


def swept(workers: int, arguments: argparse.Namespace) -> float:
    """Seconds of a sweep for each trial, from the start of the first to the end of the last."""
    folder = arguments.work / "sweep"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(
        [
            sys.executable,
            str(ROOT / "train.py"),
            "-m",
            *TRAINING,
            *arguments.overrides,
            f"paths.outputs={arguments.work}",
            "hydra/sweeper=study",
            "hydra/sweeper/sampler=grid",
            f"seed=range({arguments.trials})",
            f"hydra.sweep.dir={folder}",
            f"hydra.sweeper.workers={workers}",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=ROOT,
    )
    trials = optuna.load_study(study_name=folder.name, storage=open_storage(None, folder)).trials
    ended = sorted(trial.datetime_complete for trial in trials if trial.datetime_complete is not None)
    first = min(trial.datetime_start for trial in trials if trial.datetime_start is not None)
    return (ended[-1] - first).total_seconds() / len(trials)


if __name__ == "__main__":
    main()
