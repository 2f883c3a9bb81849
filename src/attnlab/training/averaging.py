"""A moving average of the weights, which validation, checkpoints and test see instead of the last step's."""

from functools import partial

import lightning
import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor
from torch.optim.swa_utils import PARAM_LIST

from attnlab.errors import ConfigError


class MovingAverage(WeightAveraging):
    """Exponential moving average with a decay of min(decay, (1 + n) / (10 + n)) after n steps.

    The plain average of a short training still holds its random start: 0.999 leaves 40 % of it after 900 steps. The
    smaller decay of the first steps, as tf.train.ExponentialMovingAverage has it with `num_updates`, forgets the start.

    Raises:
        ConfigError: if `decay` is not in [0, 1).
    """

    def __init__(self, *, decay: float) -> None:
        if not 0 <= decay < 1:
            raise ConfigError(f"callbacks.averaging.decay is in [0, 1), not {decay}: 0.999 is usual, 0 is off.")
        super().__init__(multi_avg_fn=partial(move, decay=decay))

    def on_fit_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Lightning copies the model before it has moved it to its device; the copy follows it here."""
        if self._average_model is not None:
            self._average_model.to(pl_module.device)


@torch.no_grad()
def move(averages: PARAM_LIST, current: PARAM_LIST, steps: Tensor | int, *, decay: float) -> None:
    """Moves averages by one more step, in place and all at once; `steps` were averaged before."""
    count = float(steps)
    torch._foreach_lerp_(averages, current, 1 - min(decay, (1 + count) / (10 + count)))
