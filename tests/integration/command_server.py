"""Starts commands quickly: everything is imported once, and each command runs in a fork, as a process of its own."""

import atexit
import gc
import importlib
import json
import os
import runpy
import sys
import traceback
from typing import NoReturn

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
