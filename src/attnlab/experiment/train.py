"""The main job: train a model, test its best checkpoint, leave a run that can be used."""

import logging
import math
from contextlib import suppress
from pathlib import Path

import lightning
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.fabric.utilities.rank_zero import _get_rank
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from omegaconf import DictConfig
from torch import Tensor

from attnlab.data.prepare import PreparedData
from attnlab.errors import ConfigError, Interrupted, RunError, first_line
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
from attnlab.experiment.components import component
from attnlab.experiment.layout import CHECKPOINT_FOLDER, TOKENIZER_FOLDER, weights_file
from attnlab.experiment.quiet import quiet_libraries
from attnlab.experiment.rehearsal import check_monitored, check_settings, check_steps, try_model, try_search
from attnlab.experiment.results import environment, read_results, short_path
from attnlab.experiment.resume import check_places, held, is_finished, resumed_config, stoppable
from attnlab.experiment.run_folder import (
    claim,
    load_weights,
    mean_weights,
    read_config,
    read_trained,
    read_weights,
    save_weights,
    write_config,
)
from attnlab.experiment.score import build_alignment_judge, leave_results, print_table, score
from attnlab.experiment.show import show_test
from attnlab.experiment.tracking import BestAndLast, NoTracker, Tracker, Tracking
from attnlab.experiment.trial import build_reports, join_sweep, returned
from attnlab.files import discard_drafts
from attnlab.training.chance import Chance
from attnlab.training.datamodule import TranslationDataModule
from attnlab.training.precision import Precision
from attnlab.training.processes import end_others
from attnlab.training.pruning import Pruned, Report
from attnlab.training.resumable import LAST_FILE, Resumable, read_facts
from attnlab.training.task import TranslationTask

log = logging.getLogger(__name__)


def train(config: DictConfig) -> float | tuple[float, ...]:
    """Runs one experiment, or goes on with the one of `config.resume`.

    Returns:
        The best validation value of `config.monitor`, or all of `config.objectives`.

    Raises:
        Pruned: it was a trial of a sweep, and others did better.
    """
    quiet_libraries()
    join_sweep(config)
    if config.resume is None:
        _warn_of_a_sweep_alone()
        # These refer to the command that runs now, and a run is read by others later.
        config.model.name = str(config.model.name)
        config.paths.run = short_path(Path(config.paths.run))
        return _train(config, begun=False)
    folder = Path(short_path(Path(str(config.resume))))
    own = resumed_config(folder, read_config(folder), config, HydraConfig.get().overrides.task)
    if is_finished(folder):
        log.info("%s is finished: python evaluate.py run=%s scores it again", folder, folder)
        return returned(own, read_results(folder).metrics)
    return _train(own, begun=True)


def _warn_of_a_sweep_alone() -> None:
    hydra = HydraConfig.get()
    name = hydra.runtime.choices.get("sweeps", None)
    if name is not None and hydra.mode is RunMode.RUN:
        log.warning("this is one run with the settings of sweeps=%s: with -m all of its trials run", name)


def _train(config: DictConfig, *, begun: bool) -> float | tuple[float, ...]:
    folder = Path(config.paths.run)
    check_settings(config)
    lightning.seed_everything(config.seed, workers=True, verbose=False)
    prepared = prepare_data(config)
    model = build_model(config, prepared.tokenizers)
    try_model(model, prepared)
    task = build_task(config, model, build_judge(config, prepared, "validation"))
    # Needed after an epoch or after training, refused before.
    datamodule = build_datamodule(config, prepared)
    for split, search in (("validation", task.search), ("test", build_search(config))):
        datamodule.loader(split)  # its longest pair fits into a batch
        try_search(model, search)
    check_monitored(config, prepared)
    check_steps(config.trainer, len(datamodule.train_batches()))
    build_alignment_judge(config, prepared, "test")
    check_places(folder, config)
    if begun:
        _recall_facts(config, folder, prepared)
    precision = decide_precision(config)
    name = f"{config.model.name}/{config.data.name}/{config.seed}"
    tags = [config.model.name, config.data.name, type(model.decoder).__name__]
    tracking = component(config, "logger", Tracking)
    if _get_rank():
        return _assist(config, folder, prepared, datamodule, task, precision)
    with held(folder), stoppable(folder):
        for place in (folder, folder / CHECKPOINT_FOLDER):
            discard_drafts(place)
        if not begun:
            claim(folder)
            write_config(folder, config)
        if not (folder / CHECKPOINT_FOLDER / LAST_FILE).exists():
            prepared.tokenizers.save(folder / TOKENIZER_FOLDER)
        with tracking.start(folder=folder, name=name, tags=tags, config=plain(config)) as tracker:
            return _run(config, folder, prepared, datamodule, task, tracker, precision)


def _run(
    config: DictConfig,
    folder: Path,
    prepared: PreparedData,
    datamodule: TranslationDataModule,
    task: TranslationTask,
    tracker: Tracker,
    precision: Precision,
) -> float | tuple[float, ...]:
    model = task.model
    parameters = sum(parameter.numel() for parameter in model.parameters())
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
    trainer, callbacks, reports = _prepare_training(config, prepared, tracker, precision)
    trained = weights_file(folder)
    if not trained.exists():
        _fit(trainer, task, datamodule, folder / CHECKPOINT_FOLDER / LAST_FILE)
        if any(report.pruned for report in reports):
            raise Pruned(f"other trials did better by {config.monitor}")
        save_weights(trained, *_best_weights(config, callbacks, trainer))
    weights, figures = read_trained(trained)
    load_weights(model, weights, trained)
    model.to(trainer.strategy.root_device)  # Lightning leaves it on the CPU
    scored = score(config, model, prepared, "test")
    lengths = prepared.splits["train"].with_format("numpy")["source_words"][:]
    trained_on = {"train/shortest_source": float(lengths.min()), "train/longest_source": float(lengths.max())}
    metrics = {**figures, "parameters": float(parameters), **trained_on, **scored.metrics}
    run = {"model": config.model.name, "data": config.data.name, "seed": config.seed, "folder": str(folder)}
    tracker.log_summary(metrics)
    show_test(tracker, folder, config, scored, prepared)
    made_on = environment(precision=precision.name, device=trainer.strategy.root_device)
    leave_results(folder, scored, metrics, run, made_on)
    print_table(config, metrics, "test", f"{config.model.name} on the test split of {config.data.name}")
    return returned(config, metrics)


def _assist(
    config: DictConfig,
    folder: Path,
    prepared: PreparedData,
    datamodule: TranslationDataModule,
    task: TranslationTask,
    precision: Precision,
) -> float:
    """What a process does that is not the first of its training: it trains, and leaves all else to the first."""
    logging.disable(logging.INFO)
    if weights_file(folder).exists():
        return math.nan  # only the test is left
    trainer, *_ = _prepare_training(config, prepared, NoTracker(""), precision)
    with suppress(Interrupted):
        _fit(trainer, task, datamodule, folder / CHECKPOINT_FOLDER / LAST_FILE)
    return math.nan


def _prepare_training(
    config: DictConfig, prepared: PreparedData, tracker: Tracker, precision: Precision
) -> tuple[lightning.Trainer, dict[str, Callback], list[Report]]:
    callbacks = build_callbacks(config)
    for callback in callbacks.values():
        if isinstance(callback, Resumable):
            callback.facts = _facts(prepared, precision)
    reports = build_reports(config)
    always = [Chance(config.seed), _followed(config, tracker), *reports]
    trainer = build_trainer(
        config, precision, callbacks=[*callbacks.values(), *always], logger=tracker.lightning_logger
    )
    return trainer, callbacks, reports


def _followed(config: DictConfig, tracker: Tracker) -> BestAndLast:
    rising, falling = ["val/bleu"], ["val/loss"]
    (rising if config.monitor_mode == "max" else falling).append(str(config.monitor))
    return BestAndLast(tracker, rising=rising, falling=falling)


def _fit(trainer: lightning.Trainer, task: TranslationTask, datamodule: TranslationDataModule, last: Path) -> None:
    """Trains to the end, from the state in `last` if there is one, or ends as a command should."""
    try:
        trainer.fit(task, datamodule=datamodule, ckpt_path=str(last) if last.exists() else None, weights_only=True)
    except BaseException as error:
        end_others(trainer)
        if isinstance(error, SystemExit) and isinstance(error.__context__, KeyboardInterrupt):
            raise error.__context__ from None  # Lightning's own end of a training that was interrupted
        if isinstance(error, MisconfigurationException | RuntimeError):
            reason = first_line(error).partition(". ")[0]
            if "not available" in reason:
                raise ConfigError(
                    f"training cannot go on ({reason}): set monitor or schedule.monitor to another."
                ) from error
        if isinstance(error, MisconfigurationException):
            raise ConfigError(f"training cannot begin ({first_line(error)}): change trainer or callbacks.") from error
        raise


def _best_weights(
    config: DictConfig, callbacks: dict[str, Callback], trainer: lightning.Trainer
) -> tuple[dict[str, Tensor], dict[str, float]]:
    """The weights to test, and the figures of the training: the last of each, and the best of the monitored one."""
    checkpoint = callbacks["checkpoint"]
    if not isinstance(checkpoint, ModelCheckpoint):
        raise ConfigError("callbacks.checkpoint keeps the best checkpoint, but it is no ModelCheckpoint: leave it in.")
    if checkpoint.best_model_score is None:
        raise ConfigError(
            f"the best checkpoint is chosen by {config.monitor}, but no validation has logged it: let training run "
            "to the end of an epoch, or set monitor to a metric that is logged, such as val/bleu."
        )
    passing = ("train/learning_rate", "train/gradient_norm")  # those of the last step say nothing of the run
    figures = {name: float(value) for name, value in trainer.callback_metrics.items() if name not in passing}
    for callback in callbacks.values():
        if isinstance(callback, Resumable):
            figures = callback.figures | figures
    figures[f"best/{config.monitor}"] = float(checkpoint.best_model_score)
    if config.average_checkpoints > 1:
        return mean_weights([Path(path) for path in checkpoint.best_k_models]), figures
    return read_weights(Path(checkpoint.best_model_path)), figures


def _facts(prepared: PreparedData, precision: Precision) -> dict[str, str | int]:
    """What must not change while a run goes on, and what may only change its last digits."""
    return {
        "data": prepared.folder.name,
        "precision": precision.name,
        "torch": str(torch.__version__),
        "threads": torch.get_num_threads(),
    }


def _recall_facts(config: DictConfig, folder: Path, prepared: PreparedData) -> None:
    """Takes the precision that a run began with, and compares the rest.

    Raises:
        RunError: the data is not what the run began with.
    """
    last = folder / CHECKPOINT_FOLDER / LAST_FILE
    if not last.exists():
        log.info("%s was ended before it kept a state: it begins anew", folder)
        return
    began = read_facts(last)
    if began["data"] != prepared.folder.name:
        raise RunError(
            f"a run goes on with the data it began with, but {config.data.name} is not what it was: restore its files "
            "and the versions of datasets and tokenizers, or start a new run."
        )
    config.trainer.precision = began["precision"]
    now = {"torch": str(torch.__version__), "threads": torch.get_num_threads()}
    for name, value in now.items():
        if began[name] != value:
            log.info("begun with %s %s, goes on with %s: the last digits may differ", name, began[name], value)
