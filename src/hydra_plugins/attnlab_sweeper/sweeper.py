"""What Hydra sees of the sweeper; everything heavy comes when a sweep starts."""

from typing import Any

from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class StudySweeper(Sweeper):
    """`hydra/sweeper=study`; the arguments are those of `StudySweeperConf`."""

    def __init__(self, **settings: Any) -> None:
        self._settings = settings

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Takes what a sweep needs; Hydra calls it."""
        self._context = hydra_context
        self._task = task_function
        self._config = config

    def sweep(self, arguments: list[str]) -> None:
        """Works on the study until it is finished."""
        from hydra_plugins.attnlab_sweeper._sweep import sweep  # noqa: PLC0415

        sweep(self._config, self._context, self._task, arguments)
