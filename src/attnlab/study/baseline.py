"""Which row every other row is measured against: that of the baseline model with the same settings."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from attnlab.errors import ConfigError
from attnlab.study.rows import Row
from attnlab.study.settings import ABSENT, lookup

USUAL: Final = ("no_attention", "uniform")
"""Parts of the names of models that others are measured against, unless something else is asked for."""


@dataclass(frozen=True)
class Baseline:
    """What rows are measured against.

    Attributes:
        name: of a model, or of one row.
        against: name of a row -> name of the one that it is measured against.
        picked: whether it was chosen for its score, so that tests have to make up for that.
    """

    name: str
    against: Mapping[str, str]
    picked: bool = False

    @property
    def rows(self) -> list[str]:
        """Names of the rows that others are measured against."""
        return list(dict.fromkeys(self.against.values()))

    @property
    def told(self) -> str:
        """Its name, and that rows are measured against its row of their own settings if it has several."""
        return f"{self.name} with the same settings" if len(self.rows) > 1 else self.name

    def missing(self, rows: Sequence[Row]) -> str:
        """`no single row of no_attention has the settings of: luong_dot hidden_size=512`, or nothing."""
        alone = [row.name for row in rows if row.name not in self.against and self.name not in (row.model, row.name)]
        return f"no single row of {self.name} has the settings of: {', '.join(alone)}" if alone else ""


def find_baseline(rows: Sequence[Row], wanted: object) -> Baseline:
    """What a user asks for, or else `no_attention`, or else a model with uniform weights, or else the last row.

    Args:
        rows: of the table, in its order.
        wanted: a model or a row; None for the usual one.

    Raises:
        ConfigError: there is no such model or row.
    """
    models = list(dict.fromkeys(row.model for row in rows))
    names = [row.name for row in rows]
    if wanted is None:
        for part in USUAL:
            for model in sorted((model for model in models if part in model), key=len):  # no_attention before its kin
                if against := _of_same_settings(rows, model):
                    return Baseline(model, against)
        return Baseline(names[-1], _all_against(names, names[-1]), picked=True)
    if wanted in models and (against := _of_same_settings(rows, str(wanted))):
        return Baseline(str(wanted), against)
    if wanted in models and wanted not in names:
        raise ConfigError(
            f"a row is measured against the one row of the baseline that has its settings, but no other row has just "
            f"one of {wanted}: name one row in quotes ('baseline=\"...\"'), "
            f"{', '.join(row.name for row in rows if row.model == wanted)}."
        )
    if wanted not in names:
        raise ConfigError(
            f"baseline names a model, or a row in quotes ('baseline=\"...\"'), but there is no {wanted} to compare "
            f"with: choose one of {', '.join(dict.fromkeys([*models, *names]))}."
        )
    return Baseline(str(wanted), _all_against(names, str(wanted)))


def _all_against(names: Sequence[str], one: str) -> dict[str, str]:
    return {name: one for name in names if name != one}


def _of_same_settings(rows: Sequence[Row], model: str) -> dict[str, str]:
    """Each row of another model, where just one row of this model has its settings."""
    against = {}
    for row in (row for row in rows if row.model != model):
        alike = [other.name for other in rows if other.model == model and _alike(row, other)]
        if len(alike) == 1:
            against[row.name] = alike[0]
    return against


def _alike(row: Row, other: Row) -> bool:
    """Whether two rows have the same values of all settings that tell rows apart, as far as both models have them."""
    added = frozenset().union(*(record.added for each in (row, other) for record in each.records))
    return all(_same(row, other, key, added) for key in (*row.settings, *other.settings))


def _same(row: Row, other: Row, key: str, added: Collection[str]) -> bool:
    one, another = (lookup(each.records[0].config, key) for each in (row, other))
    return one == another or (ABSENT in (one, another) and key not in added)
