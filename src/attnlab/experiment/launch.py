"""How a command starts and how it ends: configuration in, one clear line and an exit status out."""

import os
import re
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import NoReturn

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from attnlab.errors import AttnlabError

CONF = Path(__file__).parents[3] / "conf"
FAILED, INTERRUPTED = 2, 130
MENDABLE = (AttnlabError, HydraException, OmegaConfBaseException, OSError)


def launch(task: Callable[[DictConfig], object], config_name: str) -> None:
    """Runs a task on a composed configuration, or on many with --multirun.

    A mistake that the user can mend ends the process with one line and status 2. Any other exception keeps its trace:
    it is ours to mend.
    """
    os.environ["HYDRA_FULL_ERROR"] = "1"  # hand errors over to us instead of printing them

    @wraps(task)
    def guarded(config: DictConfig) -> object:
        try:
            return task(config)
        except MENDABLE as error:
            _fail(error)  # here and not outside, where Hydra would add lines of its own

    try:
        hydra.main(config_path=str(CONF), config_name=config_name)(guarded)()
    except MENDABLE as error:
        _fail(error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)


def take_sentences() -> list[str]:
    """Removes the arguments that are sentences, not overrides or options, from the command line and returns them.

    An override looks like KEY=VALUE with a key of letters, digits and . / _ @ -, perhaps after + or ~.
    """
    arguments = sys.argv[1:]
    sentences = [each for each in arguments if not re.match(r"-|\+{0,2}~?[\w./@-]+=|~\w", each)]
    sys.argv[1:] = [each for each in arguments if each not in sentences]
    return sentences


def _fail(error: Exception) -> NoReturn:
    """Prints an error as one line, with what Hydra offers instead."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    message = lines[0] if lines else type(error).__name__
    print(f"error: {message}", file=sys.stderr)
    sys.exit(FAILED)
