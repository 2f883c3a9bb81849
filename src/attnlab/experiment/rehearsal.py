"""What is tried before training, so that it does not fail after an hour."""

import copy
import logging
from collections.abc import Sequence

import torch
from omegaconf import DictConfig, OmegaConf

from attnlab.data.batch import collate
from attnlab.data.pairs import TokenPairs
from attnlab.data.prepare import PreparedData
from attnlab.decoding.protocol import Search
from attnlab.errors import ConfigError, ShapeError, first_line
from attnlab.evaluation.answer import answer, attends
from attnlab.experiment.build import buckets_of
from attnlab.seq2seq.bridge import Zero
from attnlab.seq2seq.model import Seq2Seq
from attnlab.text.special import BOS, UNK

log = logging.getLogger(__name__)

RISING = {"bleu", "chrf", "exact_match", "token_accuracy"}
FALLING = {"ter", "perplexity", "loss"}
_LARGEST_SEED = 2**32 - 1
"""NumPy's."""


def check_settings(config: DictConfig) -> None:
    """Looks at the values that belong to no component.

    Raises:
        ConfigError: one of them cannot be meant.
    """
    seed, best = config.seed, config.average_checkpoints
    if type(seed) is not int or not 0 <= seed <= _LARGEST_SEED:
        raise ConfigError(f"seed is a whole number from 0 to {_LARGEST_SEED}, not {seed!r}: try seed=1.")
    if type(best) is not int or best < 1:
        raise ConfigError(f"average_checkpoints is a whole number from 1, not {best!r}: 1 tests the best checkpoint.")
    if type(config.compile) is not bool:
        raise ConfigError(f"compile is true or false, not {config.compile!r}: false is faster on a CPU.")
    _check_validation(config.trainer)
    _check_monitor(str(config.monitor), str(config.monitor_mode), buckets_of(config).names)
    for path in ("schedule", "callbacks.early_stopping"):
        node = OmegaConf.select(config, path)
        if OmegaConf.is_dict(node) and {"monitor", "mode"} <= node.keys():
            _check_mode(f"{path}.mode", str(node.monitor), str(node.mode))
    patience = OmegaConf.select(config, "callbacks.early_stopping.patience", default=0)
    if isinstance(patience, int) and patience < 0:
        raise ConfigError(
            f"callbacks.early_stopping.patience is a number of validations from 0, but it is {patience}: raise it, or "
            "set callbacks.early_stopping=null."
        )
    known = (f"best/{config.monitor}", "parameters", "train/tokens_per_second")
    if config.objectives is not None and not OmegaConf.is_list(config.objectives):
        raise ConfigError(
            f"objectives is a list of figures, not {config.objectives!r}: try 'objectives=[{known[0]},parameters]'."
        )
    for name in config.objectives or ():
        if name not in known:
            raise ConfigError(
                f"objectives are figures that a sweep can weigh, {', '.join(known)}, but {name} is none: choose "
                "another, or change monitor."
            )
    measured = "throughput" in config.callbacks and config.callbacks.throughput is not None
    if known[-1] in (config.objectives or ()) and not measured:
        raise ConfigError(
            f"objectives has {known[-1]}, which callbacks.throughput measures, but this is null: leave it in."
        )
    _check_checkpoint(config)


def try_model(model: Seq2Seq, prepared: PreparedData) -> None:
    """Predicts a word of the longest source of each split, in inference mode and without chance.

    Raises:
        ConfigError: the decoder sees nothing of the source.
        ShapeError: the parts of the model do not fit together, or it cannot read a source as long as that.
    """
    device, training = next(model.parameters()).device, model.training
    model.eval()
    for split in prepared.splits.values():
        length = int(TokenPairs(split).source_sizes.max())
        source = torch.full((1, length), UNK, device=device)
        start = torch.full((1, 1), BOS, device=device)
        try:
            with torch.inference_mode():
                model(source, torch.tensor([length], device=device), start)
        except (RuntimeError, ValueError, IndexError) as error:
            raise ShapeError(
                f"the parts of a model must fit together, but here they do not ({first_line(error)}): change "
                "model.hidden_size or model.num_layers, which all parts follow, rather than the size of one part."
            ) from error
    if isinstance(model.bridge, Zero) and not attends(model):
        raise ConfigError(
            "a decoder sees its source by attention or by its first state, but this one has no attention and "
            "model/bridge=zero: choose another bridge."
        )
    model.train(training)


def try_search(model: Seq2Seq, search: Search) -> None:
    """Translates a source of one unknown word.

    Raises:
        ConfigError: the search asks for something that the model does not have.
    """
    device, training = next(model.parameters()).device, model.training
    model.eval()
    with torch.inference_mode():
        answer(model, collate([[UNK]], [[UNK]], [0]).to(device), copy.deepcopy(search))  # whose draws begin anew
    model.train(training)


def check_monitored(config: DictConfig, prepared: PreparedData) -> None:
    """Looks whether validation can tell the monitored figure.

    Raises:
        ConfigError: it is that of a bucket without sentences.
    """
    _, _, bucket = _parts(str(config.monitor))
    buckets = buckets_of(config)
    if bucket and bucket not in {buckets.of(words) for words in prepared.splits["validation"]["source_words"]}:
        raise ConfigError(
            f"monitor is {config.monitor}, but no source of the validation split is {bucket}: monitor another figure, "
            "or widen data.length.validation."
        )


def check_steps(trainer: DictConfig, batches: int) -> None:
    """Looks whether a limit of steps lets a validation happen, and warns if steps would follow the last one.

    Only of one device and of validations after whole epochs.

    Args:
        trainer: its settings.
        batches: of an epoch.

    Raises:
        ConfigError: training would end before the first validation.
    """
    every = trainer.check_val_every_n_epoch
    whole = trainer.get("val_check_interval") in (None, 1.0) and trainer.limit_train_batches == 1.0
    if trainer.max_steps < 1 or every is None or not whole or trainer.devices != 1:
        return
    epoch = -(-batches // trainer.accumulate_grad_batches)
    between, epochs = epoch * every, trainer.max_epochs
    ends = trainer.max_steps if epochs is None or epochs < 0 else min(trainer.max_steps, epoch * epochs)
    if ends < between:
        raise ConfigError(
            f"the best checkpoint is chosen by a validation, but trainer.max_steps={trainer.max_steps} ends training "
            f"before the first, after {between} steps: raise it, or set +trainer.val_check_interval to less."
        )
    if ends % between:
        log.warning("the last %d steps come after the last validation: what they learn is not tested", ends % between)


def _parts(name: str) -> list[str]:
    """Stage, metric and bucket of a metric, empty where it has none."""
    return [*name.split("/", maxsplit=2), "", ""][:3]


def _check_validation(trainer: DictConfig) -> None:
    """Every validation scores the whole split, and there is at least one."""
    fewer = "make the splits smaller, data.limit.train=100 data.limit.validation=20 and so on"
    for name, usual in (("limit_val_batches", 1.0), ("fast_dev_run", False), ("overfit_batches", 0.0)):
        if name in trainer and (trainer[name] != usual or type(trainer[name]) is not type(usual)):
            raise ConfigError(
                f"validation scores the whole split, so that trainer.{name} is {usual}, but it is {trainer[name]}: "
                f"{fewer}."
            )
    for name in ("accumulate_grad_batches", "check_val_every_n_epoch"):
        if isinstance(trainer[name], int) and trainer[name] < 1:
            raise ConfigError(f"trainer.{name} is a number from 1, but it is {trainer[name]}: leave it at 1.")
    every, epochs = trainer.check_val_every_n_epoch, trainer.max_epochs
    if isinstance(every, int) and isinstance(epochs, int) and 0 < epochs < every:
        raise ConfigError(
            f"the best checkpoint is chosen by a validation, but with trainer.check_val_every_n_epoch={every} and "
            f"trainer.max_epochs={epochs} there is none: lower the first."
        )


def _check_checkpoint(config: DictConfig) -> None:
    """What is tested and reported as the best is the best of the monitored metric."""
    checkpoint = config.callbacks.get("checkpoint")
    if checkpoint is None:
        raise ConfigError("the best checkpoint is tested, but callbacks.checkpoint is null: leave it in.")
    for name, wanted in (("monitor", config.monitor), ("mode", config.monitor_mode)):
        watched = checkpoint.get(name)
        if watched != wanted:
            raise ConfigError(
                f"the best checkpoint is that of monitor_mode={config.monitor_mode} of {config.monitor}, but "
                f"callbacks.checkpoint.{name} is {watched}: set monitor and monitor_mode instead."
            )


def _check_monitor(name: str, mode: str, buckets: Sequence[str]) -> None:
    stage, metric, bucket = _parts(name)
    if stage != "val" or metric not in RISING | FALLING or bucket not in ("", *buckets):
        raise ConfigError(
            f"monitor names a metric of the validation, but {name} is none: choose val/ with one of "
            f"{', '.join(sorted(RISING | FALLING))}, such as val/bleu or, for one bucket, val/bleu/{buckets[-1]}."
        )
    _check_mode("monitor_mode", name, mode)


def _check_mode(key: str, name: str, mode: str) -> None:
    stage, metric, _ = _parts(name)
    better = "max" if metric in RISING else "min"
    if stage == "val" and metric in RISING | FALLING and mode != better:
        raise ConfigError(
            f"{key} is {better} for {name}, of which {'more' if better == 'max' else 'less'} is better, but it "
            f"is {mode}: set {key}={better}."
        )
