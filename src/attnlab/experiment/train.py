"""The main job: train a model, test its best checkpoint, leave a run that can be used."""

import logging
import warnings
from pathlib import Path

import lightning
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from omegaconf import DictConfig
from torch import Tensor

from attnlab.data.prepare import PreparedData
from attnlab.errors import ConfigError
from attnlab.experiment.build import (
    build_callbacks,
    build_datamodule,
    build_judge,
    build_model,
    build_search,
    build_task,
    build_trainer,
    decide_precision,
    plain,
    prepare_data,
)
from attnlab.experiment.components import component, first_line
from attnlab.experiment.rehearsal import check_settings, try_model
from attnlab.experiment.results import short_path
from attnlab.experiment.run_folder import (
    TOKENIZER_FOLDER,
    WEIGHTS_FILE,
    claim,
    load_weights,
    mean_weights,
    read_weights,
    save_weights,
    write_config,
)
from attnlab.experiment.score import build_alignment_judge, leave_results, print_table, score
from attnlab.experiment.show import show_test
from attnlab.experiment.tracking import BestAndLast, Tracker, Tracking
from attnlab.training.datamodule import TranslationDataModule
from attnlab.training.precision import Precision
from attnlab.training.task import TranslationTask

log = logging.getLogger(__name__)


def train(config: DictConfig) -> float:
    """Runs one experiment and returns the best validation value of `config.monitor`."""
    quiet_libraries()
    check_settings(config)
    # These refer to the command that runs now, and a run is read by others later.
    config.model.name = str(config.model.name)
    config.paths.run = short_path(Path(config.paths.run))
    folder = Path(config.paths.run)
    lightning.seed_everything(config.seed, workers=True, verbose=False)
    prepared = prepare_data(config)
    model = build_model(config, prepared.tokenizers)
    try_model(model, prepared)
    # Needed after training, refused before.
    build_search(config)
    build_alignment_judge(config, prepared, "test")
    precision = decide_precision(config)
    claim(folder)
    write_config(folder, config)
    prepared.tokenizers.save(folder / TOKENIZER_FOLDER)
    task = build_task(config, model, build_judge(config, prepared, "validation"))
    name = f"{config.model.name}/{config.data.name}/{config.seed}"
    tags = [config.model.name, config.data.name, type(model.decoder).__name__]
    tracking = component(config, "logger", Tracking)
    with tracking.start(folder=folder, name=name, tags=tags, config=plain(config)) as tracker:
        return _run(config, folder, prepared, task, tracker, precision)


def _run(
    config: DictConfig,
    folder: Path,
    prepared: PreparedData,
    task: TranslationTask,
    tracker: Tracker,
    precision: Precision,
) -> float:
    model = task.model
    parameters = sum(parameter.numel() for parameter in model.parameters())
    datamodule = build_datamodule(config, prepared)
    batches = datamodule.train_batches()
    for line in (
        f"{config.model.name} on {config.data.name}, seed {config.seed}: {parameters:,} parameters",
        *prepared.describe().splitlines(),
        f"{len(batches):,} batches an epoch, {batches.padding_share():.1%} padding",
        f"precision {precision.name}: {precision.reason}",
        tracker.notice,
        f"run folder: {folder}",
    ):
        log.info(line)
    callbacks = build_callbacks(config)
    best_and_last = BestAndLast(tracker, rising=["val/bleu"], falling=["val/loss"])
    trainer = build_trainer(
        config, precision, callbacks=[*callbacks.values(), best_and_last], logger=tracker.lightning_logger
    )
    _fit(trainer, task, datamodule)
    curves = {name: float(value) for name, value in trainer.callback_metrics.items()}
    weights, best = _best_weights(config, callbacks)
    load_weights(model, weights, folder / "checkpoints")
    save_weights(folder / "checkpoints" / WEIGHTS_FILE, weights)
    model.to(trainer.strategy.root_device)  # Lightning leaves it on the CPU
    scored = score(config, model, prepared, "test")
    metrics = {**curves, f"best/{config.monitor}": best, "parameters": float(parameters), **scored.metrics}
    run = {"model": config.model.name, "data": config.data.name, "seed": config.seed, "folder": str(folder)}
    leave_results(folder, scored, metrics, run, precision.name)
    show_test(tracker, folder, config, scored, prepared)
    print_table(config, metrics, "test", f"{config.model.name} on the test split of {config.data.name}")
    return best


def _fit(trainer: lightning.Trainer, task: TranslationTask, datamodule: TranslationDataModule) -> None:
    """Trains to the end, or ends as a command should."""
    try:
        trainer.fit(task, datamodule=datamodule)
    except SystemExit:  # Lightning's own end of a training that was interrupted
        if trainer.interrupted:
            raise KeyboardInterrupt from None
        raise
    except (MisconfigurationException, RuntimeError) as error:
        reason = first_line(error).partition(". ")[0]
        if "not available" not in reason:
            raise
        raise ConfigError(f"training cannot go on ({reason}): set monitor or schedule.monitor to another.") from error


def _best_weights(config: DictConfig, callbacks: dict[str, Callback]) -> tuple[dict[str, Tensor], float]:
    """The weights to test and the best value of the monitored metric."""
    checkpoint = callbacks["checkpoint"]
    if not isinstance(checkpoint, ModelCheckpoint):
        raise ConfigError("callbacks.checkpoint keeps the best checkpoint, but it is no ModelCheckpoint: leave it in.")
    if checkpoint.best_model_score is None:
        raise ConfigError(
            f"the best checkpoint is chosen by {config.monitor}, but no validation has logged it: let training run "
            "to the end of an epoch, or set monitor to a metric that is logged, such as val/bleu."
        )
    best = float(checkpoint.best_model_score)
    if config.average_checkpoints > 1:
        return mean_weights([Path(path) for path in checkpoint.best_k_models]), best
    return read_weights(Path(checkpoint.best_model_path)), best


def quiet_libraries() -> None:
    """Keeps advice that our users cannot follow off the terminal."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    for message in (
        ".*does not have many workers.*",
        ".*isinstance\\(treespec, LeafSpec\\).*",
        ".*exists and is not empty.*",
        ".*GPU available but not used.*",
    ):
        warnings.filterwarnings("ignore", message=message)
