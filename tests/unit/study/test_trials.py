from pathlib import Path

import optuna
from optuna.trial import TrialState

from attnlab.experiment.storage import JOURNAL, open_storage
from attnlab.study.trials import progress


def test_a_sweep_tells_what_is_missing(tmp_path: Path) -> None:
    study = optuna.create_study(study_name="s", storage=open_storage(None, tmp_path))
    for number in range(25):
        study.enqueue_trial({"seed": number} if number == 3 else {})
    study.tell(study.ask(), 1.0)
    study.tell(study.ask(), state=TrialState.PRUNED)
    study.ask()
    (line,) = progress(tmp_path)
    waiting = ", ".join(map(str, range(4, 23)))
    assert line.text == (
        f"trials of s (25): 1 running (2); 1 complete; 1 pruned (1); 22 waiting (3: seed=3, {waiting}, ...)"
    )
    assert line.differs


def test_a_finished_sweep_differs_in_nothing(tmp_path: Path) -> None:
    study = optuna.create_study(study_name="s", storage=open_storage(None, tmp_path))
    study.tell(study.ask(), 1.0)
    (line,) = progress(tmp_path)
    assert (line.text, line.differs) == ("trials of s (1): 1 complete", False)


def test_a_damaged_journal_takes_no_report_away(tmp_path: Path) -> None:
    optuna.create_study(study_name="s", storage=open_storage(None, tmp_path))
    journal = tmp_path / JOURNAL
    journal.write_text(f"{{oops\n{journal.read_text('utf-8')}", encoding="utf-8")
    (line,) = progress(tmp_path)
    assert "study.journal cannot be read (" in line.text
    assert line.differs


def test_other_folders_are_no_sweep(tmp_path: Path) -> None:
    assert progress(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
