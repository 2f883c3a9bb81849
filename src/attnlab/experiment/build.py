"""From a configuration to the objects of an experiment."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from omegaconf import DictConfig, OmegaConf
from torch.nn import Parameter
from torch.optim import Optimizer

from attnlab.data.bucketing import BatchBudget
from attnlab.data.corpus import Corpus
from attnlab.data.lengths import LengthBuckets
from attnlab.data.prepare import SPLITS, PreparedData, prepare
from attnlab.data.selection import Selection, texts
from attnlab.decoding.protocol import Search
from attnlab.errors import ConfigError, first_line
from attnlab.evaluation.by_length import rows_by_length
from attnlab.evaluation.judge import SplitJudge
from attnlab.evaluation.scores import TextScores
from attnlab.experiment.components import check_component, component
from attnlab.seq2seq.compiled import CompiledStep
from attnlab.seq2seq.model import Seq2Seq
from attnlab.text.tokenizer import TokenizerPair
from attnlab.text.trainers import TokenizerTrainer
from attnlab.training.checkpoint_file import WholeFiles
from attnlab.training.datamodule import TranslationDataModule
from attnlab.training.loss import TranslationLoss
from attnlab.training.precision import Precision, choose_precision
from attnlab.training.schedule import Schedule
from attnlab.training.task import TranslationTask

PRECISIONS = ("auto", "32-true", "bf16-mixed", "16-mixed")
"""Lightning's names, and "auto"."""
PARTS = ("model.attention", "model.normalizer", "model.window", "model.merge", "model.bridge", "model.cell")
"""Parts of a model that are chosen by name."""


def prepare_data(config: DictConfig, tokenizers: TokenizerTrainer | None = None) -> PreparedData:
    """The corpus of `config.data`, tokenised; `tokenizers` stands in for the trainer of a run that has its own."""
    trainer = component(config, "data.tokenizer", TokenizerTrainer) if tokenizers is None else tokenizers
    return prepare(
        component(config, "data.corpus", Corpus),
        trainer,
        component(config, "data.selection", Selection),
        cache_dir=Path(config.paths.cache),
        splits=SPLITS if tokenizers is None else (config.split,),
    )


def build_model(config: DictConfig, tokenizers: TokenizerPair) -> Seq2Seq:
    """The network of `config.model`, with the sizes of the vocabularies written into the configuration."""
    for path in PARTS:
        if OmegaConf.select(config, path) is not None:
            check_component(config, path)
    embeddings = config.model.network.embeddings
    if embeddings.tie_sides and not tokenizers.joint:
        raise ConfigError(
            "tie_sides needs one vocabulary for both sides, but each has its own: set data.tokenizer.joint=true or "
            "model.network.embeddings.tie_sides=false."
        )
    embeddings.source_vocab_size = tokenizers.source.vocab_size
    embeddings.target_vocab_size = tokenizers.target.vocab_size
    return component(config, "model.network", Seq2Seq)


def build_judge(config: DictConfig, prepared: PreparedData, split: str) -> SplitJudge:
    """Scores answers to one split."""
    rows = prepared.splits[split]
    return SplitJudge(
        references=texts(rows, "target"),
        source_lengths=rows["source_words"][:],
        tokenizer=prepared.tokenizers.target,
        buckets=buckets_of(config),
        fine=fine_buckets_of(config),
        scores=component(config, "data.scoring", TextScores),
    )


def buckets_of(config: DictConfig) -> LengthBuckets:
    """What short and long mean in `config.data`.

    Raises:
        ConfigError: they are no buckets, or one is called like the row of all sentences.
    """
    buckets = LengthBuckets(_mapping(config, "data.length.buckets"))
    rows_by_length([], buckets)  # refuses the name before anything is scored
    return buckets


def fine_buckets_of(config: DictConfig) -> LengthBuckets:
    """The narrow buckets of `config.data`.

    Raises:
        ConfigError: they are none.
    """
    fine = _mapping(config, "data.length.fine")
    return LengthBuckets.fine(fine.get("step"), fine.get("maximum"))


def _mapping(config: DictConfig, key: str) -> dict[str, Any]:
    found = OmegaConf.select(config, key)
    if not OmegaConf.is_dict(found):
        raise ConfigError(f"{key} holds values by name, but it is {found}: leave it as it is.")
    return cast(dict[str, Any], plain(found))


def build_task(config: DictConfig, model: Seq2Seq, judge: SplitJudge) -> TranslationTask:
    """The LightningModule."""
    return TranslationTask(
        model,
        loss=component(config, "loss", TranslationLoss),
        optimizer=build_optimizer(config),
        schedule=component(config, "schedule", Schedule),
        search=build_search(config, "validation_search"),
        judge=judge,
        scheduled_sampling=config.scheduled_sampling,
        step=CompiledStep(model.decoder) if config.compile else None,
    )


def build_optimizer(config: DictConfig) -> Callable[[Iterable[Parameter]], Optimizer]:
    """Makes an optimizer of parameters; tried on one of its own, so that a wrong value is found before training."""
    make = cast(
        Callable[[Iterable[Parameter]], Optimizer],
        component(config, "optimizer", Callable),  # type: ignore[arg-type]
    )
    try:
        make([Parameter(torch.zeros(1))])
    except (ValueError, TypeError) as error:
        raise ConfigError(f"optimizer cannot be built ({first_line(error)}): mend a value of optimizer.") from error
    return make


def build_search(config: DictConfig, path: str = "search") -> Search:
    """A way of looking for translations."""
    return component(config, path, Search)


def build_datamodule(config: DictConfig, prepared: PreparedData) -> TranslationDataModule:
    """The LightningDataModule."""
    return TranslationDataModule(
        prepared,
        budget=component(config, "data.batch", BatchBudget),
        evaluation_budget=component(config, "data.evaluation_batch", BatchBudget),
        seed=config.seed,
        # Older runs, to be scored again, have none.
        num_workers=OmegaConf.select(config, "data.num_workers", default=0),
    )


def build_callbacks(config: DictConfig) -> dict[str, Callback]:
    """Lightning callbacks by name, those set to null left out."""
    names = [str(name) for name, node in config.callbacks.items() if node is not None]
    return {name: component(config, f"callbacks.{name}", Callback) for name in names}


def build_trainer(config: DictConfig, precision: Precision, **arguments: Any) -> lightning.Trainer:
    """Lightning's Trainer in the precision that was chosen; it would add a progress bar of its own."""
    if config.callbacks.get("progress") is None:
        arguments["enable_progress_bar"] = False
    return component(
        config, "trainer", lightning.Trainer, precision=precision.name, plugins=[WholeFiles()], **arguments
    )


def decide_precision(config: DictConfig) -> Precision:
    """The configured precision, or for "auto" what a measurement on the device in use says.

    Raises:
        ConfigError: there is no such precision, or no such device.
    """
    accelerator, wanted = str(config.trainer.accelerator), str(config.trainer.precision)
    if accelerator in {"gpu", "cuda"} and torch.accelerator.current_accelerator(check_available=True) is None:
        raise ConfigError(
            f"trainer.accelerator names a device of this machine, but {accelerator} is none: set "
            "trainer.accelerator=auto."
        )
    on_gpu = torch.cuda.is_available() and accelerator in {"auto", "gpu", "cuda"}
    if wanted not in PRECISIONS or (wanted == "16-mixed" and not on_gpu):
        where = "" if wanted not in PRECISIONS else " without a GPU"
        raise ConfigError(
            f"trainer.precision is one of {', '.join(PRECISIONS)} (16-mixed on a GPU only), but it is "
            f"{wanted}{where}: set trainer.precision=auto."
        )
    if wanted == "16-mixed" and "fused" in config.optimizer and config.optimizer.fused:
        raise ConfigError(
            "a fused optimizer scales gradients itself, so that 16-mixed cannot clip them, but trainer.precision is "
            f"{wanted}: set trainer.precision=bf16-mixed or optimizer.fused=false."
        )
    precision = choose_precision(wanted, "cuda" if on_gpu else "cpu")
    allow_tf32(precision.name)
    return precision


def allow_tf32(precision: str) -> None:
    """Lets cuDNN's layers use TF32 or not; in float32 a loop of steps, which does not use it, is what they are."""
    torch.backends.cudnn.allow_tf32 = precision != "32-true"


def device_of(name: str) -> torch.device:
    """The device of that name; "auto" is an accelerator if there is one.

    Raises:
        ConfigError: this machine has none of that name.
    """
    if name == "auto":
        return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    try:
        return torch.zeros(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"device names a device of this machine, but {name} is none: try device=auto.") from error


def plain(config: Any) -> Any:
    """A configuration as dicts, lists and values, without anything of OmegaConf in it."""
    return OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
