"""How a trial ended, from what Hydra's launcher returned."""

import contextlib
import io
import math
import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from hydra.core.utils import JobReturn, JobStatus
from optuna.trial import TrialState

from attnlab.errors import first_line
from attnlab.training.pruning import Pruned


@dataclass(frozen=True)
class Outcome:
    """How a trial ended.

    Attributes:
        state: COMPLETE, PRUNED, FAIL, or WAITING for a trial that goes back to the queue.
        values: of the objectives, of a complete trial.
        reason: one line, of a failed trial.
        traceback: of a failed trial.
    """

    state: TrialState
    values: tuple[float, ...] | None = None
    reason: str = ""
    traceback: str = ""


def outcome_of(returned: JobReturn, num_objectives: int) -> Outcome:
    """What a job's return means."""
    value = returned._return_value
    if returned.status is JobStatus.COMPLETED:
        return _judged(value, num_objectives)
    if isinstance(value, Pruned):
        return Outcome(TrialState.PRUNED)
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # where Hydra would repeat the overrides
            _ = returned.return_value  # raises the error, with the trace of the process it comes from
    except Exception as error:
        return failed(error)
    return Outcome(TrialState.FAIL, reason="the job ended without a result")


def failed(error: BaseException) -> Outcome:
    """A trial that ended with an error."""
    told = "".join(traceback.format_exception(error))
    return Outcome(TrialState.FAIL, reason=f"{type(error).__name__}: {first_line(error)}", traceback=told)


def _judged(value: object, num_objectives: int) -> Outcome:
    values = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    numbers = tuple(float(each) for each in values if isinstance(each, int | float))
    if len(numbers) != len(values) or len(values) != num_objectives:
        return Outcome(
            TrialState.FAIL,
            reason=f"a trial of this study has {num_objectives} objectives, but the job returned {value!r}",
        )
    if any(math.isnan(number) for number in numbers):
        return Outcome(TrialState.FAIL, reason=f"diverged: the objective is {value!r}")
    return Outcome(TrialState.COMPLETE, values=numbers)
