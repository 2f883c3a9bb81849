"""What pruning saves, and what it costs: the same search with and without it.

    python benchmarks/sweep_pruning.py
    python benchmarks/sweep_pruning.py --trials 10 data.train_size=1000

Both searches start with the same proposals and go on by what they have seen. Every epoch has the same number of steps,
since batches depend on the corpus alone. The best configuration of each is then trained again with other seeds.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

import optuna
import report
from report import ROOT

from attnlab.experiment.results import read_results
from attnlab.experiment.storage import open_storage

SWEEP = "tune_luong_general"
BUDGET = (
    "data.train_size=8000",
    "data.validation_size=300",
    "data.test_size=500",
    "data.recipe.max_epochs=10",
    "callbacks.early_stopping=null",
    "model.embedding_size=choice(32,64,128)",
    "model.hidden_size=choice(64,96,128)",
    "trainer.accelerator=cpu",
    "trainer.precision=32-true",
    "callbacks.progress=null",
    "logger=none",
)
"""The search of the sweep file over smaller models and a smaller corpus, so that it takes an hour on one core."""
PRUNERS = {"without": "none", "with": "successive_halving"}
SEEDS = (11, 12, 13, 14, 15)


def main() -> None:
    """Runs both searches, trains their best again, and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overrides", nargs="*", help="changes of the configuration")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="of the trainings that confirm the best")
    parser.add_argument("--work", type=Path, default=ROOT / "outputs" / "benchmarks" / "pruning")
    parser.add_argument("--output", type=Path, default=report.RESULTS)
    arguments = parser.parse_args()
    rows, epochs, bleu = [], {}, {}
    for name, pruner in PRUNERS.items():
        folder = search(name, pruner, arguments)
        study = optuna.load_study(study_name=name, storage=open_storage(None, folder))
        epochs[name] = sum(trial.last_step or 0 for trial in study.trials)
        states = [trial.state.name for trial in study.trials]
        bleu[name] = [confirm(folder, study.best_trial.number, seed, arguments) for seed in arguments.seeds]
        rows.append(
            [
                f"{name} pruning",
                f"{states.count('COMPLETE')} + {states.count('PRUNED')}",
                str(epochs[name]),
                f"{study.best_value:.2f}",
                f"{statistics.mean(bleu[name]):.2f} ± {statistics.stdev(bleu[name]):.2f}",
            ]
        )
    saved = 1 - epochs["with"] / epochs["without"]
    difference = statistics.mean(bleu["with"]) - statistics.mean(bleu["without"])
    body = [
        f"{arguments.trials} trials of the search `{SWEEP}`, without pruning and with the pruner of its sweep file, "
        f"{PRUNERS['with']}.",
        f"Its best configuration was trained again with seeds {', '.join(map(str, arguments.seeds))}: mean and "
        "standard deviation.",
        "",
        *report.table(
            ["search", "complete + pruned trials", "epochs trained", "best validation BLEU", "test BLEU of the best"],
            rows,
        ),
        "",
        f"Pruning saves {saved:.0%} of the training steps; the configuration it finds is {abs(difference):.2f} BLEU "
        f"{'better' if difference > 0 else 'worse'} than the other.",
        "",
        f"Settings: `{' '.join((*BUDGET, *arguments.overrides))}`",
    ]
    report.write("sweep-pruning", "What pruning saves", body, output=arguments.output)


def search(name: str, pruner: str, arguments: argparse.Namespace) -> Path:
    """One search to its end, which goes on if it was interrupted; its folder."""
    folder: Path = arguments.work / name
    run(
        "-m",
        f"sweeps={SWEEP}",
        *BUDGET,
        *arguments.overrides,
        f"hydra/sweeper/pruner={pruner}",
        f"hydra.sweeper.n_trials={arguments.trials}",
        f"hydra.sweeper.workers={arguments.workers}",
        f"hydra.sweep.dir={folder}",
    )
    return folder


def confirm(folder: Path, best: int, seed: int, arguments: argparse.Namespace) -> float:
    """Test BLEU of the search's best configuration, that of trial `best`, with another seed."""
    again = folder / "again" / f"{best}-{seed}"
    if not (again / "metrics.json").exists():
        single = [each for each in (*BUDGET, *arguments.overrides) if "choice(" not in each]
        run("--config-dir", str(folder), "experiment=best", *single, f"seed={seed}", f"hydra.run.dir={again}")
    return read_results(again).metrics["test/bleu"]


def run(*arguments: str) -> None:
    """Trains or sweeps."""
    subprocess.run([sys.executable, str(ROOT / "train.py"), *arguments], check=True, stdout=sys.stderr)


if __name__ == "__main__":
    main()
