"""Where a run is shown while it trains and afterwards: Weights & Biases, CSV files or nowhere."""

import csv
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, runtime_checkable

import lightning
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import CSVLogger, Logger
from matplotlib.figure import Figure
from typing_extensions import override

from attnlab.errors import ConfigError
from attnlab.evaluation.pictures import save_figure
from attnlab.experiment.results import write_whole
from attnlab.training.pruning import Pruned

Cell = str | float | int | None
"""What a table may hold."""


class Tracker(ABC):
    """One run, as it is shown. Used as a context, it is finished on the way out, and an exception marks it.

    Attributes:
        notice: one line for the user: where the run is shown and how to look at it.
        lightning_logger: what the Trainer takes as `logger`.
    """

    notice: str
    lightning_logger: Logger | Literal[False]

    @abstractmethod
    def log_table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """Shows a table as it stands now; one of the same name replaces it."""

    @abstractmethod
    def log_image(self, name: str, figure: Figure, *, caption: str = "") -> None:
        """Shows a picture; one of the same name replaces it."""

    @abstractmethod
    def log_summary(self, values: Mapping[str, float]) -> None:
        """Sets figures that stand for the whole run; names given earlier are overwritten, others stay."""

    @abstractmethod
    def mark(self, word: str) -> None:
        """Lets the run be found by how it ended: `pruned` or `failed`."""

    @abstractmethod
    def finish(self, *, succeeded: bool) -> None:
        """Closes the run. Nothing can be shown afterwards; a second call does nothing."""

    def __enter__(self) -> "Tracker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pruned = kind is not None and issubclass(kind, Pruned)
        if pruned or (kind is not None and issubclass(kind, Exception)):
            self.mark("pruned" if pruned else "failed")
        self.finish(succeeded=kind is None or pruned)


@runtime_checkable
class Tracking(Protocol):
    """A way of showing runs, as conf/logger/ configures it."""

    def start(self, *, folder: Path, name: str, tags: Sequence[str], config: Mapping[str, Any]) -> Tracker:
        """Opens a run.

        Args:
            folder: the run's own folder; all files go there.
            name: `<model>/<data>/<seed>`.
            tags: words to find it by: model, data, decoder.
            config: the resolved configuration, in plain containers.
        """
        ...


class NoTracker(Tracker):
    """Shows nothing."""

    lightning_logger: Logger | Literal[False] = False

    def __init__(self, notice: str) -> None:
        self.notice = notice

    @override
    def log_table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        pass

    @override
    def log_image(self, name: str, figure: Figure, *, caption: str = "") -> None:
        pass

    @override
    def log_summary(self, values: Mapping[str, float]) -> None:
        pass

    @override
    def mark(self, word: str) -> None:
        pass

    @override
    def finish(self, *, succeeded: bool) -> None:
        pass


class NoTracking:
    """`logger=none`: the run leaves its own files and nothing more."""

    def start(self, *, folder: Path, name: str, tags: Sequence[str], config: Mapping[str, Any]) -> Tracker:
        """A tracker that shows nothing."""
        return NoTracker("No logger: the figures are in the run folder only.")


class CSVTracker(Tracker):
    """Writes curves, tables, pictures and the summary as files into one folder."""

    def __init__(self, logger: CSVLogger) -> None:
        self.lightning_logger: Logger | Literal[False] = logger
        self._logger = logger
        self._folder = Path(logger.log_dir)
        self._summary: dict[str, float] = {}
        self.notice = f"CSV: curves go to {self._folder / 'metrics.csv'}, tables and pictures beside it."

    @override
    def log_table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        path = self._folder / "tables" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([columns, *rows])

    @override
    def log_image(self, name: str, figure: Figure, *, caption: str = "") -> None:
        save_figure(figure, self._folder / "images" / f"{name}.png")

    @override
    def log_summary(self, values: Mapping[str, float]) -> None:
        self._summary |= {name: value for name, value in values.items() if math.isfinite(value)}
        write_whole(self._folder / "summary.json", json.dumps(self._summary, indent=2) + "\n")

    @override
    def mark(self, word: str) -> None:
        write_whole(self._folder / "ended.txt", f"{word}\n")

    @override
    def finish(self, *, succeeded: bool) -> None:
        self._logger.finalize("success" if succeeded else "failed")


class CSVTracking:
    """`logger=csv`: curves and tables as files in the run folder, one sub-folder for each start of the run.

    Args:
        flush_every: lines of the curves that are kept in memory before they are written; a crash loses them.

    Raises:
        ConfigError: there is not even one line.
    """

    def __init__(self, *, flush_every: int) -> None:
        if flush_every < 1:
            raise ConfigError(f"logger.flush_every is a number of lines from 1, but it is {flush_every}: raise it.")
        self._flush_every = flush_every

    def start(self, *, folder: Path, name: str, tags: Sequence[str], config: Mapping[str, Any]) -> Tracker:
        """Opens `<folder>/csv/version_<n>/`."""
        logger = CSVLogger(folder, name="csv", flush_logs_every_n_steps=self._flush_every)
        logger.log_hyperparams({"name": name, "tags": list(tags), **config})
        return CSVTracker(logger)


class BestAndLast(Callback):
    """Keeps the best and the last validation figures in the summary, while the run still trains.

    A run that crashes has no end at which they could be written. `<metric>` is the last figure, `best/<metric>` the
    best and `best/<metric>/step` the step it was reached at.

    Args:
        tracker: where the summary is kept.
        rising: metrics of which more is better.
        falling: metrics of which less is better.
    """

    def __init__(self, tracker: Tracker, *, rising: Sequence[str], falling: Sequence[str]) -> None:
        self._tracker = tracker
        self._signs = {**dict.fromkeys(rising, 1), **dict.fromkeys(falling, -1)}
        self._best: dict[str, float] = {}

    @override
    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Keeps the figures of a real validation; those of the sanity check before training are of no model yet."""
        if not trainer.sanity_checking:
            self.keep({name: float(value) for name, value in trainer.callback_metrics.items()}, trainer.global_step)

    def keep(self, metrics: Mapping[str, float], step: int) -> None:
        """Compares new figures with the best so far, and writes both to the summary."""
        last = {name: metrics[name] for name in self._signs if name in metrics}
        for name, value in last.items():
            best = self._best.get(f"best/{name}", -math.inf * self._signs[name])
            if self._signs[name] * value > self._signs[name] * best:
                self._best |= {f"best/{name}": value, f"best/{name}/step": float(step)}
        self._tracker.log_summary({**last, **self._best})

    @override
    def state_dict(self) -> dict[str, Any]:
        """The best figures, so that a resumed run knows them."""
        return {"best": dict(self._best)}

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes up where the checkpoint was written."""
        self._best = dict(state_dict["best"])
