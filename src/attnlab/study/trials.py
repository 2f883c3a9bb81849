"""How far a sweep has come, from the study that it keeps in its folder."""

from pathlib import Path
from typing import Final

import optuna
from optuna.trial import FrozenTrial, TrialState

from attnlab.experiment.storage import JOURNAL, open_storage
from attnlab.study.provenance import Line, relative_path

_SHOWN: Final = 20
"""Trials that are listed of one kind."""


def progress(folder: Path) -> list[Line]:
    """`trials of sweep (48): 31 complete; 1 pruned (40: seed=3 model=luong_dot); ...`; nothing without a journal."""
    if not (folder / JOURNAL).exists():
        return []
    lines = []
    try:
        for study in optuna.get_all_study_names(storage := open_storage(None, folder)):
            trials = optuna.load_study(study_name=study, storage=storage).get_trials(deepcopy=False)
            by_state = {state: [trial for trial in trials if trial.state is state] for state in TrialState}
            told = [_told(state, found) for state, found in by_state.items() if found]
            complete = len(by_state[TrialState.COMPLETE]) == len(trials)
            lines.append(Line(f"trials of {study} ({len(trials)}): {'; '.join(told)}", differs=not complete))
    except (ValueError, KeyError) as error:  # JSON that is none, or a record that Optuna does not know
        lines.append(Line(f"{relative_path(folder / JOURNAL)} cannot be read ({error}): trials untold", differs=True))
    return lines


def _told(state: TrialState, trials: list[FrozenTrial]) -> str:
    """`2 waiting (7: seed=3 model=luong_dot, 8: seed=3 model=no_attention)`."""
    text = f"{len(trials)} {state.name.lower()}"
    if state is TrialState.COMPLETE:
        return text
    more = ", ..." if len(trials) > _SHOWN else ""
    return f"{text} ({', '.join(map(_named, trials[:_SHOWN]))}{more})"


def _named(trial: FrozenTrial) -> str:
    chosen = trial.params or trial.system_attrs.get("fixed_params", {})  # what is planned of one that has not begun
    values = " ".join(f"{name}={value}" for name, value in chosen.items())
    return f"{trial.number}: {values}" if values else str(trial.number)
