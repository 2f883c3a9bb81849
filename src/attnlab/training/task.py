"""One step of training and of validation under Lightning."""

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import lightning
import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer
from torchmetrics import MeanMetric

from attnlab.attention.attend import Attention
from attnlab.data.batch import Batch
from attnlab.decoding.protocol import Search
from attnlab.errors import ConfigError
from attnlab.evaluation.answer import Answer, answer
from attnlab.seq2seq.decoder import Step
from attnlab.seq2seq.model import Seq2Seq
from attnlab.training.loss import TranslationLoss
from attnlab.training.processes import gather
from attnlab.training.schedule import Schedule


class TranslationTask(lightning.LightningModule):
    """Trains a `Seq2Seq` by teacher forcing, or scheduled sampling, and lets it answer for validation.

    Args:
        model: what is trained.
        loss: what is minimised.
        optimizer: makes an optimizer of parameters.
        schedule: moves its learning rate.
        search: finds validation translations.
        judge: turns the answers to the validation split and the stage's name into metrics.
        scheduled_sampling: probability that a target token is the model's own; 0 is teacher forcing.
        step: takes the decoder's steps in training; None leaves them to the decoder.

    Raises:
        ConfigError: if `scheduled_sampling` is no probability, or the loss is about the weights of a model without any.
    """

    def __init__(
        self,
        model: Seq2Seq,
        *,
        loss: TranslationLoss,
        optimizer: Callable[[Iterable[Parameter]], Optimizer],
        schedule: Schedule,
        search: Search,
        judge: Callable[[Sequence[Answer], str], dict[str, float]],
        scheduled_sampling: float,
        step: Step | None,
    ) -> None:
        super().__init__()
        if type(scheduled_sampling) not in (int, float) or not 0 <= scheduled_sampling <= 1:
            raise ConfigError(f"scheduled_sampling is a probability in [0, 1], not {scheduled_sampling!r}: 0 is off.")
        if loss.coverage > 0 and not any(isinstance(part, Attention) for part in model.modules()):
            raise ConfigError(
                f"loss.coverage is about attention weights, which this model has not, but it is {loss.coverage}: set "
                "loss.coverage=0, or choose a model with attention."
            )
        self.model = model
        self.loss = loss
        self.search = self._search = search
        self.judge = judge
        self.scheduled_sampling = scheduled_sampling
        self._step = step
        self._make_optimizer = optimizer
        self._schedule = schedule
        self._nll = MeanMetric()
        self._coverage_loss = MeanMetric()
        for mean in (self._nll, self._coverage_loss):
            mean.persistent(True)  # half an epoch's mean is kept in a checkpoint
        self._answers: list[Answer] = []

    def configure_optimizers(self) -> Any:
        """The optimizer over all parameters, and its schedule over the whole planned training."""
        optimizer = self._make_optimizer(self.parameters())
        if self.trainer.scaler is None:
            # Lightning does not clip for an optimizer that could unscale gradients, as fused ones could; here none are.
            optimizer._step_supports_amp_scaling = False  # type: ignore[attr-defined]
        total_steps = self.trainer.estimated_stepping_batches
        if total_steps == float("inf"):
            raise ConfigError(
                "a training without an end has no schedule: set trainer.max_epochs or trainer.max_steps to a number."
            )
        self.trainer.fit_loop.setup_data()  # counts batches, which a training limited by steps alone has not done yet
        config = self._schedule.configure(
            optimizer,
            total_steps=int(total_steps),
            steps_per_epoch=math.ceil(self.trainer.num_training_batches / self.trainer.accumulate_grad_batches),
            epochs_per_validation=self.trainer.check_val_every_n_epoch or 1,
        )
        return {"optimizer": optimizer, "lr_scheduler": config}

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """The loss of one batch."""
        source, lengths, read = batch.source, batch.source_lengths, batch.target[:, :-1]
        if self.scheduled_sampling > 0:
            prediction = self.model.sampled(source, lengths, read, self.scheduled_sampling, self._step)
        else:
            prediction = self.model(source, lengths, read, self._step)
        loss = self.loss(prediction, batch.target[:, 1:])
        tokens = batch.target_lengths.sum() - batch.target_lengths.shape[0]
        self._nll.update(loss.nll, weight=tokens)
        self.log("train/learning_rate", self.trainer.optimizers[0].param_groups[0]["lr"])
        self.log("train/loss", loss.total, prog_bar=True, batch_size=batch.source.shape[0])
        self.log("train/nll", self._nll, on_step=False, on_epoch=True, batch_size=batch.source.shape[0])
        if loss.coverage is not None:
            self._coverage_loss.update(loss.coverage, weight=tokens)
            self.log(
                "train/coverage_loss",
                self._coverage_loss,
                on_step=False,
                on_epoch=True,
                batch_size=batch.source.shape[0],
            )
        return loss.total  # type: ignore[no-any-return]

    def on_validation_start(self) -> None:
        """A search that draws draws alike in every validation, whatever came before."""
        self._search = copy.deepcopy(self.search)

    def validation_step(self, batch: Batch, _: int) -> None:
        """Collects the answers of one batch."""
        kind = self.device.type  # Lightning's autocast would cast weights at each use instead of once a batch
        mixed, dtype = torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)
        with torch.autocast(kind, dtype=dtype, enabled=mixed, cache_enabled=True):
            self._answers += answer(self.model, batch, self._search)

    def on_validation_epoch_end(self) -> None:
        """Scores all answers of the split, of all processes, then forgets them."""
        answers, self._answers = gather(self._answers, self.trainer.world_size), []
        metrics = self.judge(answers, "val")
        shown = {name: value for name, value in metrics.items() if name in {"val/bleu", "val/loss"}}
        self.log_dict(shown, prog_bar=True, batch_size=len(answers))
        self.log_dict({n: v for n, v in metrics.items() if n not in shown}, batch_size=len(answers))
