"""How a command starts and how it ends: configuration in, one clear line and an exit status out."""

import os
import re
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from attnlab.errors import ConfigError, Interrupted
from attnlab.experiment.complaints import MENDABLE, complaint, null_for_a_group, unusable_output
from attnlab.experiment.resume import take_resume

CONF = Path(__file__).parents[3] / "conf"
SWEEPER = "hydra_plugins.attnlab_sweeper.sweeper.StudySweeper"
FAILED, INTERRUPTED, NO_READER = 2, 130, 141
"""Exit statuses; the last two are a shell's for a process that SIGINT or SIGPIPE has ended."""


def launch(task: Callable[[DictConfig], object], config_name: str) -> None:
    """Runs a task on a composed configuration, or on many with --multirun.

    A mistake that the user can mend ends the process with one line and status 2; with HYDRA_FULL_ERROR=1 in the
    environment its trace is shown too. Any other exception keeps its trace: it is ours to mend.
    """
    traced = os.environ.get("HYDRA_FULL_ERROR") == "1"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # hand errors over to us instead of printing them

    def fail(error: BaseException) -> NoReturn:
        if isinstance(error, BrokenPipeError):  # whoever read our output, such as `head`, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(NO_READER)
        if traced:
            traceback.print_exception(error)
        text = complaint(error, conf=CONF, command=config_name, arguments=sys.argv[1:])
        print(f"error: {text}", file=sys.stderr)
        sys.exit(FAILED)

    @wraps(task)
    def guarded(config: DictConfig) -> object:
        try:
            return task(config)
        except MENDABLE as error:
            if in_sweep():
                raise  # it fails the trial, not the sweep
            fail(error)  # here and not outside, where Hydra would add lines of its own

    try:
        if not CONF.is_dir():
            raise ConfigError(
                f"attnlab runs from its repository, but {CONF} is not there: clone it and pip install -e there."
            )
        if config_name == "train":
            sys.argv[1:] = take_resume(sys.argv[1:])
        hydra.main(config_path=str(CONF), config_name=config_name)(guarded)()
        sys.stdout.flush()
    except MENDABLE as error:
        if isinstance(error, OSError) and not isinstance(error, HydraException | BrokenPipeError):
            fail(unusable_output(error))
        fail(error)
    except ValueError as error:
        if str(error).startswith("Config group override must be"):
            fail(null_for_a_group(CONF, sys.argv[1:]))
        # `logging` wraps what kept it from opening the log
        if not isinstance(error.__cause__, OSError):
            raise
        fail(unusable_output(error.__cause__))
    except KeyboardInterrupt as error:
        print(str(error) or "interrupted", file=sys.stderr)
        sys.exit(error.status if isinstance(error, Interrupted) else INTERRUPTED)


def in_sweep() -> bool:
    """Whether Hydra's present job is a trial of our sweeper."""
    if not HydraConfig.initialized():
        return False
    job = HydraConfig.get()
    return str(job.sweeper._target_) == SWEEPER and not OmegaConf.is_missing(job.job, "num")


def take_sentences() -> list[str]:
    """Removes the arguments that are sentences, not overrides or options, from the command line and returns them.

    An override looks like KEY=VALUE with a key of letters, digits and . / _ @ -, perhaps after + or ~. Whatever
    follows an argument "--" is a sentence.
    """
    end = sys.argv.index("--") if "--" in sys.argv[1:] else len(sys.argv)
    before, after = sys.argv[1:end], sys.argv[end + 1 :]
    kept = [each for each in before if re.match(r"-|\+{0,2}~?[\w./@-]+=|~\w", each)]
    sys.argv[1:] = kept
    return [each for each in before if each not in kept] + after
