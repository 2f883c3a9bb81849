"""Which runs make up one row of a table: those of one model and one setting, whatever their seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from attnlab.evaluation.intervals import Estimate, estimate_known
from attnlab.study.records import Record
from attnlab.study.settings import ABSENT, Differing, chosen_differences, labels, setting_text, short_text

_SAID_BY_THE_MODEL: Final = frozenset({"model.name", "model.network.decoder._target_"})
"""What the name of a model stands for, beside the classes in `model.attention`."""


@dataclass(frozen=True)
class Row:
    """Runs that differ in nothing but their seed.

    Attributes:
        model: name of the model.
        settings: those that tell this row from others of the model, dotted key -> value; without those that these runs
            do not have.
        words: each of them in short, `hidden_size=128`.
        records: the runs, by seed.
    """

    model: str
    settings: dict[str, Any]
    words: dict[str, str]
    records: tuple[Record, ...]

    @property
    def name(self) -> str:
        """`luong_general hidden_size=128`."""
        return self.name_without()

    def name_without(self, *keys: str) -> str:
        """The same without some of the settings."""
        return " ".join([self.model, *(word for key, word in self.words.items() if key not in keys)])

    @property
    def seeds(self) -> tuple[int, ...]:
        """One for each run."""
        return tuple(record.seed for record in self.records)

    def estimate(self, metric: str) -> Estimate | None:
        """Mean over the seeds that know a figure; None where none does."""
        return estimate_known(record.known(metric) for record in self.records)


def rows_of(records: Sequence[Record]) -> list[Row]:
    """The rows in the order of their first runs; of runs with the same settings and seed the newest."""
    rows = []
    for model in dict.fromkeys(record.model for record in records):
        rows += _rows_of_model(model, [record for record in records if record.model == model])
    return rows


def _rows_of_model(model: str, records: Sequence[Record]) -> list[Row]:
    differing = record_differences(records)
    short = labels(list(differing))
    groups: list[tuple[dict[str, Any], list[Record]]] = []
    for place, record in enumerate(records):
        own = {key: values[place] for key, values in differing.items() if values[place] is not ABSENT}
        group = next((members for settings, members in groups if settings == own), None)
        if group is None:
            groups.append((own, [record]))
        else:
            group.append(record)
    for text in (short_text, setting_text):  # exact where short names are the same
        words = [{key: f"{short[key]}={text(key, value)}" for key, value in own.items()} for own, _ in groups]
        if len({tuple(each.values()) for each in words}) == len(words):
            break
    return [
        Row(model, own, each, _one_for_each_seed(members)) for (own, members), each in zip(groups, words, strict=True)
    ]


def record_differences(records: Sequence[Record]) -> Differing:
    """The chosen settings that are not the same in all of these runs."""
    return chosen_differences(
        [record.config for record in records],
        [record.following for record in records],
        added=frozenset().union(*(record.added for record in records)),
    )


def unnamed_differences(rows: Sequence[Row]) -> dict[str, list[list[Any]]]:
    """Settings in which runs differ though neither their models nor all names of their rows say so.

    The classes of a decoder and its attention belong to the model; how they are set, sizes, cells and the like do not.

    Returns:
        dotted key -> for each row the value of each of its runs, ABSENT for a run that has no such setting.
    """
    found = {}
    for key, values in record_differences([record for row in rows for record in row.records]).items():
        remaining = iter(values)
        by_row = [list(islice(remaining, len(row.records))) for row in rows]
        nameless = [own for row, own in zip(rows, by_row, strict=True) if key not in row.settings]
        if not _said_by_the_model(key) and any(value is not ABSENT for own in nameless for value in own):
            found[key] = by_row
    return found


def _said_by_the_model(key: str) -> bool:
    return key in _SAID_BY_THE_MODEL or (key.startswith("model.attention.") and key.endswith("._target_"))


def _one_for_each_seed(records: Sequence[Record]) -> tuple[Record, ...]:
    """The newest run of each seed, by seed."""
    newest = {record.seed: record for record in sorted(records, key=lambda record: record.finished)}
    return tuple(newest[seed] for seed in sorted(newest))
