"""Starts commands quickly: everything is imported once, and each command runs in a fork, as a process of its own."""

import atexit
import functools
import gc
import importlib
import io
import json
import os
import runpy
import signal
import sys
import threading
import traceback
from types import SimpleNamespace
from typing import Any, NoReturn

from hydra import compose, initialize_config_dir

from attnlab.experiment.launch import CONF

NEEDED = (
    "attnlab.data.corpus",
    "attnlab.data.grammar.corpus",
    "attnlab.experiment.evaluate",
    "attnlab.experiment.train",
    "attnlab.experiment.translate",
    "datasets.packaged_modules",
)
"""What the commands import once they know what they need. (Not wandb: the end of a fork would remove its folder.)"""


def serve(requests: int, replies: int) -> None:
    """Runs the commands that come as JSON lines over one pipe and sends each exit status over the other."""
    with os.fdopen(requests, "rb", buffering=0) as stream:
        for line in stream:
            process = os.fork()
            if process == 0:
                os.close(replies)
                run(json.loads(line))
            _, status = os.waitpid(process, 0)
            os.write(replies, f"{os.waitstatus_to_exitcode(status)}\n".encode())


def run(request: dict[str, object]) -> NoReturn:
    """Ends as an interpreter does, with trace, exit functions and status, but leaves the memory to the system."""
    status = 0
    try:
        become(request)
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def become(request: dict[str, object]) -> None:
    """Takes over the arguments, folder, environment and streams of a command."""
    arguments, folder, streams, environment = (
        request[name] for name in ("arguments", "folder", "streams", "environment")
    )
    assert isinstance(arguments, list)
    assert isinstance(streams, list)
    assert isinstance(environment, dict)
    for number, (file, flags) in enumerate(zip(streams, (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY), strict=True)):
        opened = os.open(file, flags)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(str(folder))
    os.environ.update(environment)
    sys.argv = arguments
    if os.environ.get("KILL"):
        arm(*os.environ["KILL"].split("@"))


def arm(place: str, when: str) -> None:
    """Kills this process after some seconds, at some call of a function, or with half of some checkpoint written."""
    if place == "seconds":
        timer = threading.Timer(float(when), kill)
        timer.daemon = True
        timer.start()
        return
    at = Countdown(int(when))
    if place == "half":

        class Half(io.BytesIO):
            def getbuffer(self) -> memoryview:
                if not at():
                    return super().getbuffer()
                os.fsync = kill  # type: ignore[assignment]
                return super().getbuffer()[: self.tell() // 2]

        checkpoint_file = importlib.import_module("attnlab.training.checkpoint_file")
        checkpoint_file.io = SimpleNamespace(BytesIO=Half)  # type: ignore[attr-defined]
        return
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for each in owners:
        owner = getattr(owner, each)
    called = getattr(owner, name)

    @functools.wraps(called)
    def fatal(*arguments: Any, **options: Any) -> Any:
        if at():
            kill()
        return called(*arguments, **options)

    setattr(owner, name, fatal)


class Countdown:
    """True at one call, counted from 1."""

    def __init__(self, calls: int) -> None:
        self._calls = calls

    def __call__(self) -> bool:
        self._calls -= 1
        return self._calls == 0


def kill(*_: Any) -> None:
    """As the system does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def warm_up() -> None:
    """Imports and composes once, so that the forks find it all there."""
    for name in NEEDED:
        importlib.import_module(name)
    with initialize_config_dir(str(CONF)):
        compose("train", overrides=["seed=1"])
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    warm_up()
    serve(int(sys.argv[1]), int(sys.argv[2]))
