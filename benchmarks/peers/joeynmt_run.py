"""Start joeynmt 2.3.0 on a current torch: `python joeynmt_run.py train|test|translate CONFIG ...`.

Two things changed in torch since its release and are bridged here, nothing else: ReduceLROnPlateau lost its `verbose`
argument, and torch.load refuses pickled objects unless told otherwise.
"""

import os
from typing import Any

import torch
import torch.optim.lr_scheduler as schedulers


class ReduceLROnPlateau(schedulers.ReduceLROnPlateau):
    """Takes `verbose` and forgets it."""

    def __init__(self, *args: Any, verbose: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


schedulers.ReduceLROnPlateau = ReduceLROnPlateau  # type: ignore[misc]
load = torch.load
torch.load = lambda *args, **kwargs: load(*args, **{"weights_only": False, **kwargs})
torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))

import joeynmt.builders  # noqa: E402
from joeynmt.__main__ import main  # noqa: E402

joeynmt.builders.ReduceLROnPlateau = ReduceLROnPlateau
main()
