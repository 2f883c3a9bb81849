"""A trial knows itself by Hydra's configuration of its job, and reports to the study that its sweep keeps."""

import threading
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from optuna.trial import TrialState

from attnlab.errors import Interrupted, RunError
from attnlab.experiment.resume import held
from attnlab.experiment.storage import open_storage
from attnlab.experiment.trial import build_reports, join_sweep, objective_names, returned, running_trial

Compose = Callable[..., DictConfig]


@pytest.fixture
def study(tmp_path: Path) -> optuna.Study:
    """Two complete trials that improved, and one that begins."""
    (tmp_path / "sweep").mkdir()
    study = optuna.create_study(
        study_name="sweep", storage=open_storage(None, tmp_path / "sweep"), direction="maximize"
    )
    for _ in range(2):
        trial = study.ask()
        for step in (1, 2, 3):
            trial.report(10.0 * step, step)
        study.tell(trial, 30.0)
    study.ask().set_user_attr("worker", "me")
    return study


@pytest.fixture
def config(compose_config: Compose, tmp_path: Path) -> DictConfig:
    """Of the job of trial 2, with a median pruner."""
    return compose_config(
        "train",
        "sweeps=tune_luong_general",
        "hydra/sweeper/pruner=median",
        f"hydra.sweep.dir={tmp_path}/sweep",
        "hydra.job.num=2",
        "hydra.sweeper.pruner.n_startup_trials=1",
    )


def test_a_trial_reports_and_learns_that_others_did_better(study: optuna.Study, config: DictConfig) -> None:
    (report,) = build_reports(config)
    assert report._report is not None
    assert report._report(1, 12.0) is False
    assert report._report(2, 12.0) is True
    assert study.trials[2].intermediate_values == {1: 12.0, 2: 12.0}


def test_a_trial_that_goes_on_may_report_again(study: optuna.Study, config: DictConfig) -> None:
    for _ in range(2):
        trial = running_trial()
        assert trial is not None
        assert trial.number == 2
        assert trial.report(1, 12.0) is False
    assert study.trials[2].intermediate_values == {1: 12.0}


@pytest.mark.parametrize("gone", ["waiting", "another's"])
def test_a_trial_that_was_taken_over_ends(gone: str, study: optuna.Study, config: DictConfig) -> None:
    trial, known = running_trial(), study.trials[2]
    assert trial is not None
    if gone == "waiting":
        study._storage.set_trial_state_values(known._trial_id, TrialState.WAITING)
    else:
        study._storage.set_trial_user_attr(known._trial_id, "worker", "you")
    with pytest.raises(Interrupted, match="trial 2 is no longer this process's: another worker goes on"):
        trial.report(1, 12.0)
    assert study.trials[2].intermediate_values == {}


def test_the_other_processes_of_a_trial_are_told(
    study: optuna.Study, config: DictConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_reports(config)
    HydraConfig.instance().cfg = None  # Lightning starts them as runs of their own
    monkeypatch.setenv("LOCAL_RANK", "1")
    (report,) = build_reports(config)
    assert report._report is None
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert build_reports(config) == []
    monkeypatch.setenv("LOCAL_RANK", "1")  # of the next training, which is no trial
    assert build_reports(config) == []


def test_outside_a_sweep_there_is_no_trial(compose_config: Compose) -> None:
    config = compose_config("train")
    before = config.copy()
    assert running_trial() is None
    assert build_reports(config) == []
    join_sweep(config)
    assert config == before


def test_a_sweep_file_without_multirun_makes_no_trial(compose_config: Compose) -> None:
    compose_config("train", "sweeps=tune_luong_general")
    assert running_trial() is None


def test_the_runs_of_a_sweep_are_one_group_unless_they_have_one(config: DictConfig) -> None:
    join_sweep(config)
    assert config.logger.group == "sweep"
    config.logger.group = "mine"
    join_sweep(config)
    assert config.logger.group == "mine"


def test_a_trial_goes_on_with_what_an_earlier_attempt_has_left(config: DictConfig) -> None:
    folder = Path(config.paths.run)
    folder.mkdir()
    (folder / "config.yaml").touch()  # and nothing more: it was killed before it began
    join_sweep(config)
    assert config.resume is None
    assert list(folder.iterdir()) == []
    OmegaConf.save(config, folder / "composed.yaml")
    (folder / "tokenizer").mkdir()
    config.paths.outputs, config.trainer.accelerator = "elsewhere", "cpu"
    join_sweep(config)
    assert config.resume == str(folder)


def test_a_trial_does_not_go_on_with_the_run_of_another_study(config: DictConfig) -> None:
    """As a copied folder holds, whose name is that of a new study."""
    folder = Path(config.paths.run)
    folder.mkdir()
    OmegaConf.save(config, folder / "composed.yaml")
    (folder / "tokenizer").mkdir()
    config.optimizer.lr = 0.05
    with pytest.raises(
        RunError, match=r"holds one of another study, whose optimizer.lr is .*, not 0.05: move that fold"
    ):
        join_sweep(config)
    assert config.resume is None


def test_a_trial_waits_for_an_earlier_attempt_that_still_runs(config: DictConfig) -> None:
    hydra = HydraConfig.get()
    joined = threading.Thread(target=join_sweep, args=(config,))
    with held(Path(config.paths.run)):
        joined.start()
        joined.join(0.2)
        assert joined.is_alive()
    joined.join(10)
    assert not joined.is_alive()
    assert hydra.job.num == 2


def test_a_run_returns_what_its_sweep_weighs(config: DictConfig) -> None:
    metrics = {"best/val/bleu": 30.0, "parameters": 5.0}
    assert objective_names(config) == ["best/val/bleu"]
    assert returned(config, metrics) == 30.0
    config.objectives = ["parameters", "best/val/bleu"]
    assert returned(config, metrics) == (5.0, 30.0)
