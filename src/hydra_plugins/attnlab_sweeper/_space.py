"""What a sweep varies, what it holds fixed, and which values a grid has: the plugin's parsing, checked in advance."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.errors import HydraException
from hydra_plugins.hydra_optuna_sweeper._impl import OptunaSweeperImpl, create_params_from_overrides
from optuna.distributions import BaseDistribution, CategoricalDistribution

from attnlab.errors import ConfigError

Point = dict[str, Any]
"""A value for each varied parameter."""


@dataclass(frozen=True)
class Space:
    """All that a sweep may try.

    Attributes:
        varied: distribution of each parameter, in the order they were written.
        fixed: overrides that every trial gets.
        constants: those of them that are parameters of the sweep file, by name.
    """

    varied: Mapping[str, BaseDistribution]
    fixed: Sequence[str]
    constants: Mapping[str, str]

    def overrides(self, point: Point) -> list[str]:
        """What a trial is run with."""
        return [*(f"{name}={point[name]}" for name in self.varied), *self.fixed]

    def grid(self) -> list[Point]:
        """All points, the last parameter changing fastest.

        Raises:
            ConfigError: a range has no end of values.
        """
        columns = [_values(name, distribution) for name, distribution in self.varied.items()]
        return [dict(zip(self.varied, values, strict=True)) for values in itertools.product(*columns)]


def read_space(params: Mapping[str, Any], arguments: Sequence[str]) -> Space:
    """The search space of a sweep file and a command line; what the command line says of a parameter wins.

    Raises:
        ConfigError: a parameter has no values that can be searched, or nothing is varied.
    """
    varied: dict[str, BaseDistribution] = {}
    fixed: dict[str, str] = {}
    for override in [*(f"{name}={values}" for name, values in params.items()), *arguments]:
        try:
            ranges, values, deletions = create_params_from_overrides([override])
        except HydraException:
            raise
        except Exception as error:  # assertions among them
            raise ConfigError(
                f"{override}: values to search are written choice(a, b), interval(low, high), range(low, high) or "
                f"a,b,c ({str(error) or type(error).__name__}): mend it."
            ) from error
        fixed |= {key: f"{key}={value}" for key, value in values.items()} | {each: each for each in deletions}
        fixed = {key: text for key, text in fixed.items() if key not in ranges}
        varied = {key: one for key, one in varied.items() if key not in values} | ranges
    if not varied:
        raise ConfigError("a sweep varies something, but here nothing does: add NAME=a,b,c or hydra.sweeper.params.")
    return Space(varied, list(fixed.values()), {name: fixed[name] for name in params if name in fixed})


def check_space(space: Space, loader: ConfigLoader, config: Any) -> None:
    """Composes one trial, and looks up every choice of a group, before the first trial starts.

    Raises:
        ConfigError: a group has no such choice.
        HydraException: there is no such parameter.
    """
    for name, distribution in space.varied.items():
        options = loader.get_group_options(name.partition("@")[0].lstrip("+"))
        if not options or not isinstance(distribution, CategoricalDistribution):
            continue
        wrong = [str(choice) for choice in distribution.choices if str(choice) not in options]
        if wrong:
            raise ConfigError(
                f"{name}={wrong[0]}: {name} has no choice {wrong[0]}: choose among {', '.join(sorted(options))}."
            )
    for point in ({name: ends(each)[index] for name, each in space.varied.items()} for index in (0, 1)):
        loader.load_sweep_config(config, space.overrides(point))


def ends(distribution: BaseDistribution) -> tuple[Any, Any]:
    """The lowest and the highest, or the first and the last value."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[0], distribution.choices[-1]
    return distribution.low, distribution.high  # type: ignore[attr-defined]  # all others have both


def _values(name: str, distribution: BaseDistribution) -> list[Any]:
    try:
        return list(OptunaSweeperImpl._to_grid_sampler_choices(distribution))
    except ValueError as error:
        raise ConfigError(
            f"a grid tries every value, but {name} is a range without steps: write {name}=a,b,c or "
            f"{name}=range(low, high, step), or take another sampler, such as hydra/sweeper/sampler=tpe."
        ) from error
