"""Pictures of a study."""

from pathlib import Path

import matplotlib.image
import optuna
import pytest

from hydra_plugins.attnlab_sweeper._plots import COLORS, write_plots


@pytest.mark.parametrize("trials", [2, COLORS, 3 * COLORS])
def test_learning_curves_are_no_higher_than_a_picture_however_many_trials_there_are(
    tmp_path: Path, trials: int
) -> None:
    """A list of all their names would be; a warning of matplotlib about it would fail this test."""
    study = optuna.create_study(direction="maximize")
    for number in range(trials):
        trial = study.ask()
        trial.suggest_int("size", 1, 9)
        for step in (1, 2):
            trial.report(number + step, step)
        study.tell(trial, number)
    write_plots(study, tmp_path, ["test/bleu"])
    assert {path.name for path in tmp_path.iterdir()} == {"history.png", "slice.png", "curves.png", "importances.png"}
    height, width = matplotlib.image.imread(tmp_path / "curves.png").shape[:2]
    assert height < width
