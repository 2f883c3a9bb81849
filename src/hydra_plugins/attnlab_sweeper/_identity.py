"""Whether a command means the study that the storage holds under its name: the same space, objective and settings."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import optuna
from omegaconf import DictConfig
from optuna.study import StudyDirection

from attnlab.errors import ConfigError
from attnlab.experiment.trial import settings_of
from hydra_plugins.attnlab_sweeper._space import Space

_ATTRIBUTE: Final = "asked"


def check_identity(
    study: optuna.Study,
    space: Space,
    directions: Sequence[StudyDirection],
    base: DictConfig,
    folder: Path,
    usual: Callable[[], DictConfig],
) -> None:
    """Compares a new command with the first one of its study; the first one is written down.

    Args:
        study: of the sweep.
        space: of the new command, as what follows.
        directions: of its objectives.
        base: the configuration that its trials change.
        folder: of the sweep.
        usual: makes the configuration of a command without overrides. A setting that the code has learned since the
            first command makes no difference as long as it is left alone.

    Raises:
        ConfigError: they ask for different things.
    """
    asked = {
        "direction": _told(directions),
        **{f"search space of {name}": str(distribution) for name, distribution in space.varied.items()},
        **{f"hydra.sweeper.params.{name}": override for name, override in space.constants.items()},
        **{name: str(value) for name, value in settings_of(base).items()},
    }
    stored: Mapping[str, str] | None = study.user_attrs.get(_ATTRIBUTE)
    if stored is None:
        study.set_user_attr(_ATTRIBUTE, asked)
        return
    stored = {**stored, "direction": _told(study.directions)}
    differing = [name for name in {**stored, **asked} if stored.get(name) != asked.get(name)]
    if any(name not in stored for name in differing):
        left_alone = {name: str(value) for name, value in settings_of(usual()).items()}
        differing = [name for name in differing if name in stored or asked[name] != left_alone.get(name)]
    if differing:
        told = "; ".join(
            f"{name} was {stored.get(name, 'absent')} and is now {asked.get(name, 'absent')}" for name in differing[:3]
        )
        more = f" and {len(differing) - 3} more" if len(differing) > 3 else ""
        raise ConfigError(
            f"a command continues a study that asked for the same, but for {study.study_name} {told}{more}: repeat the "
            f"first command, or begin another study with hydra.sweep.dir={folder.parent}/NAME."
        )


def _told(directions: Sequence[StudyDirection]) -> str:
    return ", ".join(direction.name.lower() for direction in directions)
