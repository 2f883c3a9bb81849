"""Which run `resume=` continues, and as what."""

import fcntl
import os
import re
import shlex
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from omegaconf import DictConfig, OmegaConf

from attnlab.errors import ConfigError, Interrupted, RunError
from attnlab.experiment.layout import CHECKPOINT_FOLDER, COMPOSED_FILE, METRICS_FILE, TOKENIZER_FOLDER

_HARMLESS = re.compile(r"(paths\.(outputs|cache)|hydra[./].*|logger(\..*)?)=|--(?!multirun)")
"""What a command may set beside `resume`: where things lie and who looks on, but nothing that is computed."""

_FOLDER_NAME = re.compile(r"(dir|dirpath|folder)$")


def take_resume(arguments: Sequence[str]) -> list[str]:
    """The command line of a run that is to be continued: in its own folder, whose record of overrides is kept.

    Hydra makes and fills the folder of a job before any of our code runs, so this comes before Hydra. Without `resume=`
    the arguments are as they were.

    Raises:
        RunError: there is no such run.
        ConfigError: other settings stand beside it.
    """
    wanted = [_unquoted(each.partition("=")[2]) for each in arguments if re.match(r"\+?resume=", each)]
    if not wanted or wanted[-1] in ("", "null"):
        return list(arguments)
    others = [each for each in arguments if not re.match(r"\+?resume=", each)]
    _check_harmless(others)
    outputs = [_unquoted(each.partition("=")[2]) for each in others if each.startswith("paths.outputs=")]
    folder = find_unfinished(wanted[-1], Path(outputs[-1] if outputs else "outputs"))
    return [*others, f"resume={_quoted(folder)}", f"hydra.run.dir={_quoted(folder)}", "hydra.output_subdir=null"]


def find_unfinished(name: str, outputs: Path) -> Path:
    """The folder of a run; "latest" is the run below `outputs` that has done something last.

    Raises:
        RunError: there is none.
    """
    if name != "latest":
        folder = Path(name)
        if not is_run(folder):
            raise RunError(
                f"resume names the folder of a run, but {name} has no {COMPOSED_FILE} and {TOKENIZER_FOLDER}/ in it: "
                "try resume=latest, or start it again if it ended before it trained."
            )
        return folder
    runs = [path.parent for path in outputs.glob(f"**/{COMPOSED_FILE}") if is_run(path.parent)]
    if not runs:
        raise RunError(f"resume=latest continues a run, but {outputs} has none: start one with python train.py.")
    return max(runs, key=_last_done)


def is_finished(folder: Path) -> bool:
    """Whether a run has been tested."""
    return (folder / METRICS_FILE).exists()


def resumed_config(folder: Path, own: DictConfig, command: DictConfig, overrides: Sequence[str]) -> DictConfig:
    """A run's configuration `own`, with the places, and the logger if it was chosen anew, of the present command.

    Raises:
        RunError: it was begun before there were all of today's settings, or a path in it leads out of the folder.
    """
    if missing := [str(key) for key in command if key not in own]:
        raise RunError(
            f"a run goes on with the settings that it began with, but {folder} has no {', '.join(missing)}, since an "
            "older attnlab began it: train it again."
        )
    own.paths = command.paths
    own.paths.run = str(folder)
    own.resume = command.resume
    if any(each.startswith("logger") for each in overrides):
        own.logger = command.logger
    check_places(folder, own)
    return own


def check_places(folder: Path, config: DictConfig) -> None:
    """A run is kept in one folder, and goes on from it.

    Raises:
        RunError: its configuration names a place outside.
    """
    for group in ("callbacks", "trainer", "logger"):
        _check_inside(folder, group, OmegaConf.to_container(config[group], resolve=True))


@contextmanager
def held(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """One process at a time works on a run; the system lets go of the folder however the process ends.

    Raises:
        RunError: another one does, and this one is not to wait for it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError as error:
            raise RunError(
                f"one process works on a run, but another one works on {folder}: wait for it, or end it."
            ) from error
        yield
    finally:
        os.close(handle)


@contextmanager
def stoppable(folder: Path) -> Iterator[None]:
    """SIGTERM ends a run as Ctrl-C does, and both say how it goes on.

    Raises:
        Interrupted: for a signal.
    """
    listens = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _stop) if listens else None
    try:
        yield
    except KeyboardInterrupt as error:
        status = error.status if isinstance(error, Interrupted) else 128 + signal.SIGINT
        command = f"python train.py {shlex.quote(f'resume={folder}')}"
        raise Interrupted(f"{error or 'interrupted'}; go on with: {command}", status=status) from None
    finally:
        if listens:
            signal.signal(signal.SIGTERM, before)


def _stop(number: int, _: FrameType | None) -> NoReturn:
    raise Interrupted("stopped by SIGTERM", status=128 + number)


def _check_harmless(arguments: Sequence[str]) -> None:
    changes = [each for each in arguments if not _HARMLESS.match(each)]  # -m and --multirun among them
    if changes:
        raise ConfigError(
            f"resume continues a run as it was begun, but {' '.join(changes)} would change it: leave that out, or "
            "start a new run."
        )


def _check_inside(folder: Path, path: str, value: object) -> None:
    """A run folder may come from a stranger: nothing that it names is written outside of it."""
    if isinstance(value, dict):
        for name, one in value.items():
            _check_inside(folder, f"{path}.{name}", one)
    elif isinstance(value, list):
        for one in value:
            _check_inside(folder, path, one)
    elif isinstance(value, str):
        names_file = _FOLDER_NAME.search(path) or value.startswith("/") or ".." in value
        if names_file and not Path(value).resolve().is_relative_to(folder.resolve()):
            raise RunError(
                f"a run writes into its own folder, {folder}, but its {path} is {value}: leave it as it is, or mend "
                f"{COMPOSED_FILE} there."
            )


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run that got as far as its training."""
    return (folder / COMPOSED_FILE).is_file() and (folder / TOKENIZER_FOLDER).is_dir()


def _last_done(folder: Path) -> float:
    marks = (folder / COMPOSED_FILE, folder / CHECKPOINT_FOLDER / "last.ckpt", folder / METRICS_FILE)
    return max(mark.stat().st_mtime for mark in marks if mark.exists())


def _quoted(folder: Path) -> str:
    """As Hydra reads it back, whatever the folder is called."""
    text = re.sub(r"(\\*)'", r"\1\1\\'", str(folder))
    return f"'{text}'"


def _unquoted(text: str) -> str:
    """What `_quoted` was made of; Lightning starts further processes with the first one's arguments."""
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "'\"":
        return text
    return re.sub(rf"(\\*)\1\\{text[0]}", rf"\1{text[0]}", text[1:-1])
