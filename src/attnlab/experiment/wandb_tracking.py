"""How a run is shown in Weights & Biases: online for those who are logged in, offline for all others, never asking."""

import io
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import PIL.Image
import wandb
from lightning.fabric.utilities.rank_zero import _get_rank
from lightning.pytorch.loggers import Logger, WandbLogger
from matplotlib.figure import Figure
from typing_extensions import override
from wandb.sdk import wandb_setup
from wandb.sdk.lib import wbauth

from attnlab.errors import ConfigError, first_line
from attnlab.evaluation.pictures import picture
from attnlab.experiment.results import short_path
from attnlab.experiment.tracking import Cell, NoTracker, Tracker

_LONGEST_TAG = 64
_LONGEST_NAME = 128
"""Characters; W&B refuses longer ones."""

Mode = Literal["online", "offline", "disabled"]


@dataclass(frozen=True)
class Choice:
    """How W&B is used, and why: the reason follows the mode in the notice."""

    mode: Mode
    reason: str


class WandbTracker(Tracker):
    """Shows a run in W&B; without a network its files wait in the run folder."""

    def __init__(self, run: wandb.Run, *, choice: Choice) -> None:
        self._run = run
        self.lightning_logger: Logger | Literal[False] = WandbLogger(experiment=run, project=run.project)
        self.notice = _notice(run, choice)

    @override
    def log_table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        # A Table is new each time: W&B keeps only the first rows of one that grows.
        self._run.log({name: wandb.Table(columns=list(columns), data=[list(row) for row in rows])})

    @override
    def log_image(self, name: str, figure: Figure, *, caption: str = "") -> None:
        drawn = PIL.Image.open(io.BytesIO(picture(figure, "png")))
        self._run.log({name: wandb.Image(drawn, caption=caption or None)})

    @override
    def log_summary(self, values: Mapping[str, float]) -> None:
        self._run.summary.update(dict(values))

    @override
    def mark(self, word: str) -> None:
        self._run.tags = (*(self._run.tags or ()), word)
        self._run.summary["ended"] = word

    @override
    def finish(self, *, succeeded: bool) -> None:
        self._run.finish(exit_code=0 if succeeded else 1)


class WandbTracking:
    """`logger=wandb`, the default.

    Args:
        project: the W&B project.
        entity: user or team; None for the user's own default.
        group: runs of one group are shown together; None for none.
        online: True and False decide; None is online when the user is logged in and has not set W&B offline.
        init_timeout: seconds to wait for the server before the run goes offline.
        finish_timeout: seconds to wait for the last upload; what is left can be sent with `wandb sync`.
    """

    def __init__(
        self,
        *,
        project: str,
        entity: str | None,
        group: str | None,
        online: bool | None,
        init_timeout: float,
        finish_timeout: float,
    ) -> None:
        self._project = project
        self._entity = entity
        self._group = group
        self._online = online
        self._init_timeout = init_timeout
        self._finish_timeout = finish_timeout

    def start(self, *, folder: Path, name: str, tags: Sequence[str], config: Mapping[str, Any]) -> Tracker:
        """Opens a run on the first process of a distributed one, or goes on with the one that the folder holds.

        Nothing that W&B does can stop the experiment: an unreachable server means offline, and a W&B that does not
        start at all means no tracking; the notice says so.

        Raises:
            ConfigError: as `choose`.
        """
        if _get_rank():
            return NoTracker("W&B: the first process shows the run.")
        choice = choose(self._online)
        if choice.mode == "disabled":
            return NoTracker(f"W&B: {choice.reason}. The figures are in the run folder only.")
        settings = wandb.Settings(
            silent=True,
            console="off",  # it would wrap stdout, which the progress bar and the run's log already use
            disable_code=True,
            init_timeout=self._init_timeout,
            finish_timeout=self._finish_timeout,
            root_dir=str(folder),
            project=self._project,
            entity=self._entity,
            run_group=self._group,
            run_name=name[:_LONGEST_NAME],
            run_tags=tuple(tag[:_LONGEST_TAG] for tag in tags if tag),
        )
        earlier = _starts(folder)
        if earlier:
            settings.run_id, settings.resume = earlier[0].name.rpartition("-")[2], "allow"
        try:
            return _open(choice, settings, config)
        except Exception as error:  # whatever it is: a logger must not stop an experiment
            if choice.mode == "offline":
                return _no_tracker(error)
            choice = Choice("offline", f"logged in, but the server cannot be used: {first_line(error)}")
        try:
            return _open(choice, settings, config)
        except Exception as error:
            return _no_tracker(error)


def choose(online: bool | None) -> Choice:
    """Online or offline, found out without asking the user and without the network.

    Args:
        online: what the configuration asks for; None leaves it to W&B's own settings and to whether there is a key.

    Raises:
        ConfigError: WANDB_MODE is none of W&B's, or online is asked for without a login.
    """
    # W&B reports its own errors home, offline too, and at the end of a process waits for an answer up to 20 s.
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    try:
        settings = wandb_setup.singleton().settings
    except ValueError as error:
        raise ConfigError(
            f"W&B's settings must be valid, but they are not ({first_line(error)}): mend or unset WANDB_MODE."
        ) from error
    wandb.termsetup(wandb.Settings(silent=True), None)
    if settings._noop:
        return Choice("disabled", "disabled by its own settings (WANDB_MODE or `wandb disabled`)")
    if online is False:
        return Choice("offline", "logger.online is false")
    if online is None and settings._offline:
        return Choice("offline", "set by WANDB_MODE or `wandb offline`")
    try:
        key = wbauth.authenticate_session(
            host=settings.base_url, source="attnlab", prompt=False, verify=False, update_session=False
        )
        reason = "not logged in"
    except wandb.errors.AuthenticationError as error:
        key, reason = None, f"no usable key: {first_line(error)}"
    if key is not None:
        return Choice("online", "logged in")
    if online:
        raise ConfigError(
            f"logger.online=true needs a login, but there is {reason}: run `wandb login` or set it to null."
        )
    return Choice("offline", reason)


def _open(choice: Choice, settings: wandb.Settings, config: Mapping[str, Any]) -> WandbTracker:
    """Starts W&B's own process and a run in it; a start that fails leaves no half-made run behind."""
    folder = Path(settings.root_dir)
    folder.mkdir(parents=True, exist_ok=True)
    earlier = set(folder.glob("wandb/*run-*"))
    try:
        run = wandb.init(mode=choice.mode, reinit="create_new", config=dict(config), settings=settings)
    except Exception:
        for left in set(folder.glob("wandb/*run-*")) - earlier:
            shutil.rmtree(left, ignore_errors=True)
        raise
    run.define_metric("trainer/global_step")
    run.define_metric("*", step_metric="trainer/global_step", step_sync=True)
    return WandbTracker(run, choice=choice)


def _notice(run: wandb.Run, choice: Choice) -> str:
    """Which mode and why, and how to look at the run."""
    if choice.mode == "online":
        return f"W&B: online ({choice.reason}), look at {run.url}"
    command = "wandb" if shutil.which("wandb") else short_path(Path(sys.executable).with_name("wandb"))
    folder = shlex.quote(short_path(Path(run.settings.sync_dir)))
    starts = " ".join(shlex.quote(short_path(start)) for start in _starts(Path(run.settings.root_dir)))
    return f"W&B: offline ({choice.reason}), look with `{command} leet {folder}`, upload with `{command} sync {starts}`"


def _starts(folder: Path) -> list[Path]:
    """What W&B has written for each start of a run, first to last: files of one run, with its id behind the date."""
    return sorted(folder.glob("wandb/*run-*"), key=lambda path: path.name.partition("run-")[2])


def _no_tracker(error: Exception) -> NoTracker:
    return NoTracker(f"W&B: off, it does not start ({first_line(error)}). The figures are in the run folder only.")
