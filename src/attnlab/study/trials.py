"""How far a sweep has come, from the study that it keeps in its folder."""

from pathlib import Path
from typing import Final

import optuna
from optuna.trial import TrialState

from attnlab.experiment.storage import JOURNAL, open_storage
from attnlab.study.provenance import Line

_SHOWN: Final = 20
"""Numbers of trials that are listed of one kind."""


def progress(folder: Path) -> list[Line]:
    """`sweep: 48 trials: 31 complete, 1 pruned (40), 16 waiting (32, ...)`; nothing for a folder without a journal."""
    if not (folder / JOURNAL).exists():
        return []
    lines = []
    for study in optuna.get_all_study_names(storage := open_storage(None, folder)):
        trials = optuna.load_study(study_name=study, storage=storage).get_trials(deepcopy=False)
        numbers = {state: [trial.number for trial in trials if trial.state is state] for state in TrialState}
        told = [_told(state, found) for state, found in numbers.items() if found]
        complete = len(numbers[TrialState.COMPLETE]) == len(trials)
        lines.append(Line(f"trials of the sweep ({len(trials)}): {', '.join(told)}", differs=not complete))
    return lines


def _told(state: TrialState, numbers: list[int]) -> str:
    text = f"{len(numbers)} {state.name.lower()}"
    if state is TrialState.COMPLETE:
        return text
    more = ", ..." if len(numbers) > _SHOWN else ""
    return f"{text} ({', '.join(map(str, numbers[:_SHOWN]))}{more})"
