"""How a run went on while it trained, from the log that every run leaves."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from attnlab.experiment.layout import LOG_FILE
from attnlab.study.records import Record

_LINE: Final = re.compile(r"(\d\d):(\d\d):(\d\d) \w+ (.*)")
_BEGINNING: Final = re.compile(r".+ on .+, seed \d+: [\d,]+ parameters")
"""The first line of each start of a run."""
_EPOCH: Final = re.compile(r"epoch \d+, step (\d+): (.*)")
_DAY: Final = 24 * 60 * 60


@dataclass(frozen=True)
class Point:
    """The end of an epoch.

    Attributes:
        step: optimiser steps so far.
        seconds: on the clock so far, validation counted; time between an interruption and going on is not.
        metrics: figures of this epoch, to the four digits of the log.
    """

    step: int
    seconds: float
    metrics: dict[str, float]


def course(record: Record) -> list[Point]:
    """The epochs of a run; none if it left no log."""
    path = record.folder / LOG_FILE
    return read_course(path.read_text(encoding="utf-8", errors="replace").splitlines()) if path.is_file() else []


def read_course(lines: Iterable[str]) -> list[Point]:
    """The epochs that a log tells of; of one that was trained again after a crash only the last telling.

    A line that is no whole one counts for nothing.
    """
    points: dict[int, Point] = {}
    seconds, before = 0.0, None
    for line in lines:
        written = _LINE.fullmatch(line)
        if written is None:
            continue
        epoch, begins = _EPOCH.fullmatch(written[4]), _BEGINNING.fullmatch(written[4])
        if epoch is None and begins is None:
            continue
        now = 3600 * int(written[1]) + 60 * int(written[2]) + int(written[3])
        if epoch is not None and before is not None:
            seconds += (now - before) % _DAY
        before = now
        if epoch is not None:
            pairs = (part.rpartition(" ") for part in re.split(r", (?=\D)", epoch[2]))
            try:
                metrics = {name: float(value.replace(",", "")) for name, _, value in pairs}
            except ValueError:  # a line that a crash cut off
                continue
            points = {step: point for step, point in points.items() if step < int(epoch[1])}
            points[int(epoch[1])] = Point(int(epoch[1]), seconds, metrics)
    return list(points.values())
