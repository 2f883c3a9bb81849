"""What a sweep shows and leaves when a command ends: a table, the failures, the best overrides and the plots."""

from collections.abc import Sequence
from pathlib import Path

import optuna
from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from rich import box
from rich.console import Console
from rich.table import Table

from attnlab.experiment.results import short_path
from attnlab.experiment.trial import objective_names
from hydra_plugins.attnlab_sweeper._best import write_best
from hydra_plugins.attnlab_sweeper._plots import write_plots
from hydra_plugins.attnlab_sweeper._queue import REASON
from hydra_plugins.attnlab_sweeper._space import Space

_LONGEST = 60
"""Rows of the table; of more trials the best are shown."""


def show(study: optuna.Study, folder: Path, space: Space, loader: ConfigLoader, config: DictConfig) -> None:
    """Prints where the study stands, and leaves files if anything is complete."""
    trials = study.get_trials(deepcopy=False)
    console = Console()
    objectives = objective_names(config)
    console.print(_table(study, trials, objectives, list(space.varied)))
    failed = [trial for trial in trials if trial.state is TrialState.FAIL]
    for trial in failed:
        console.print(
            f"trial {trial.number} failed: {trial.user_attrs.get(REASON, 'for no known reason')}", markup=False
        )
    left = sum(not trial.state.is_finished() for trial in trials)
    counts = {state: sum(trial.state is state for trial in trials) for state in TrialState}
    counted = ", ".join(f"{count} {state.name.lower()}" for state, count in counts.items() if count)
    state = "finished" if not left else "not finished, the same command continues"
    console.print(f"sweep {study.study_name}: {state} ({counted}); {short_path(folder)}", markup=False, soft_wrap=True)
    if not counts[TrialState.COMPLETE]:
        return
    if len(study.directions) == 1:
        use = write_best(study, folder, space, loader, config)
        console.print(f"the best again: python train.py {use}", markup=False, soft_wrap=True)
    write_plots(study, folder / "plots", objectives)


def _table(
    study: optuna.Study, trials: Sequence[FrozenTrial], objectives: Sequence[str], names: Sequence[str]
) -> Table:
    """Best first."""
    rows = sorted(trials, key=lambda trial: _rank(study, trial))
    title = f"{study.study_name}" + (f", the best {_LONGEST} of {len(rows)} trials" if len(rows) > _LONGEST else "")
    table = Table(title=title, box=box.SIMPLE, pad_edge=False, collapse_padding=True)
    table.add_column("trial", justify="right")
    table.add_column("state", no_wrap=True, min_width=8)
    for objective in objectives:
        table.add_column(objective, justify="right")
    for name in names:
        short = name.replace("/", ".").rpartition(".")[2]
        alone = sum(other.replace("/", ".").endswith(short) for other in names) == 1
        table.add_column(short if alone else name, overflow="fold")
    table.add_column("epochs", justify="right")
    table.add_column("time", justify="right")
    for trial in rows[:_LONGEST]:
        values = trial.values or [None] * len(study.directions)
        table.add_row(
            str(trial.number),
            trial.state.name.lower(),
            *("–" if value is None else f"{value:.4g}" for value in values),
            *(_cell(trial.params.get(name)) for name in names),
            str(trial.last_step or "–"),
            "–" if trial.duration is None else str(trial.duration).partition(".")[0],
        )
    return table


def _rank(study: optuna.Study, trial: FrozenTrial) -> tuple[object, ...]:
    order = [TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING, TrialState.WAITING, TrialState.FAIL]
    sign = -1 if study.directions[0] is StudyDirection.MAXIMIZE else 1
    return order.index(trial.state), sign * trial.values[0] if trial.values else 0, trial.number


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "–" if value is None else str(value)
