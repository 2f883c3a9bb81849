"""What the columns of a comparison are called, and how their figures are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from attnlab.errors import ConfigError
from attnlab.evaluation.alignment_judge import ALIGNMENT_COLUMNS
from attnlab.evaluation.by_length import TABLE_COLUMNS
from attnlab.evaluation.figures import figure_text
from attnlab.evaluation.intervals import Estimate

EACH_BUCKET: Final = "*"
"""Last part of a metric that stands for one column per bucket of source length: test/bleu/*."""
UNKNOWN: Final = "–"

_HEADINGS: Final[Mapping[str, str]] = {
    **TABLE_COLUMNS,
    **ALIGNMENT_COLUMNS,
    "tokens": "tokens",
    "tokens_per_second": "tokens/s",
    "parameters": "parameters",
}
_COUNTED: Final = frozenset({"sentences", "parameters", "tokens"})
"""Not measured: such a figure has no interval."""
_ENDINGS: Final = ("_own", "_thresholded", "_left_to_right")
"""Variants of the figures of attention; they are called and written like these."""


@dataclass(frozen=True)
class Column:
    """One metric, in the words of the tables of single runs.

    Attributes:
        metric: `<stage>/<metric>[/<bucket>]`, or `parameters`.
    """

    metric: str

    @property
    def heading(self) -> str:
        """The bucket last, and the stage first unless it is the test."""
        stage, name, bucket = self._parts()
        called = self._name()
        variant = name.removeprefix(called)
        if called not in _HEADINGS:
            return self.metric
        words = [
            "" if stage == "test" else stage,
            _HEADINGS[called],
            variant.removeprefix("_").replace("_", " "),
            bucket,
        ]
        return " ".join(word for word in words if word)

    def text(self, found: Estimate | None, *, runs: int) -> str:
        """`91.32 ±0.45`; with how many runs know the figure, if not all of the row do."""
        if found is None:
            return UNKNOWN
        name = self._name()
        text = figure_text(name, found.mean)
        if found.half_width is not None and name not in _COUNTED:
            text += f" ±{figure_text(name, found.half_width)}"
        return text if found.count == runs else f"{text} ({found.count} of {runs})"

    def _parts(self) -> tuple[str, str, str]:
        """Stage, metric, bucket; `parameters` has only the middle one, and what is named otherwise is its own name."""
        match self.metric.split("/"):
            case [name]:
                return "", name, ""
            case [stage, name]:
                return stage, name, ""
            case [("train" | "val" | "test") as stage, name, bucket]:
                return stage, name, bucket
        return "", self.metric, ""

    def _name(self) -> str:
        name = self._parts()[1]
        return name.removesuffix(next((ending for ending in _ENDINGS if name.endswith(ending)), ""))


def choose_columns(
    wanted: str | Sequence[str], groups: Mapping[str, Sequence[str]], *, buckets: Sequence[str], known: Sequence[str]
) -> list[Column]:
    """The columns that a user asks for.

    Args:
        wanted: name of a group, or metrics; `test/bleu/*` is a column for each bucket.
        groups: name -> metrics, of which those that no run has are left out.
        buckets: names of the buckets of source length.
        known: every metric that a run has.

    Raises:
        ConfigError: there is no such group, or a metric that no run has was asked for by name.
    """
    if isinstance(wanted, str) and wanted not in groups:
        raise ConfigError(
            f"columns is one of {', '.join(groups)} or a list of metrics, but it is {wanted}: choose one, or write "
            "columns=[test/bleu,parameters]."
        )
    metrics: list[str] = []
    for metric in groups[wanted] if isinstance(wanted, str) else wanted:
        if metric.endswith(EACH_BUCKET):
            each = [f"{metric.removesuffix(EACH_BUCKET)}{bucket}" for bucket in buckets]
            if not isinstance(wanted, str) and not set(each) & set(known):
                check_metric("columns", each[0], known)
            metrics += each
            continue
        if not isinstance(wanted, str):
            check_metric("columns", metric, known)
        metrics.append(metric)
    shown = [metric for metric in dict.fromkeys(metrics) if metric in known or not isinstance(wanted, str)]
    return [Column(metric) for metric in shown]


def check_metric(name: str, metric: str, known: Sequence[str]) -> None:
    """Refuses a metric that no run has.

    Raises:
        ConfigError: with metrics that look like it.
    """
    if metric not in known:
        close = get_close_matches(metric, known, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else "metrics.json of a run shows all it has."
        raise ConfigError(f"{name} takes metrics that runs have, but none has {metric}: {hint}")
