"""Pictures of a study as files: history, slices, importances and learning curves, or the Pareto front."""

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.trial import TrialState
from optuna.visualization import matplotlib as pictures

COLORS = 20
"""Of Optuna's learning curves; the names of more trials say nothing, and are longer than the picture is high."""


def write_plots(study: optuna.Study, folder: Path, names: list[str]) -> None:
    """Draws what the study is good for; a picture that needs more trials is left out.

    Args:
        study: with one complete trial at least.
        folder: for the pictures.
        names: of the objectives.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(names) > 1:
        _draw(folder / "pareto.png", pictures.plot_pareto_front, study, target_names=names)
        return
    _draw(folder / "history.png", pictures.plot_optimization_history, study, target_name=names[0])
    _draw(folder / "slice.png", pictures.plot_slice, study, target_name=names[0])
    _draw(folder / "curves.png", pictures.plot_intermediate_values, study)
    if len({trial.value for trial in complete}) > 1:
        _draw(folder / "importances.png", pictures.plot_param_importances, study, target_name=names[0])


def _draw(path: Path, plot: Callable[..., Any], study: optuna.Study, **arguments: Any) -> None:
    logging.getLogger("matplotlib.category").setLevel(logging.WARNING)  # it gives advice about numbers as names
    with warnings.catch_warnings(), plt.rc_context():
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.simplefilter("ignore", UserWarning)  # of matplotlib, about labels that are cut
        drawn = plot(study, **arguments)
        axes = drawn.flat[0] if hasattr(drawn, "flat") else drawn
        if (legend := axes.get_legend()) and len(legend.get_texts()) > COLORS:
            legend.remove()
        path.parent.mkdir(parents=True, exist_ok=True)
        axes.figure.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(axes.figure)
