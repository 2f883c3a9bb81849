"""How one node of a configuration becomes one object of the right kind, or one clear error."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnlab.errors import AttnlabError, ConfigError

T = TypeVar("T")

WHITELIST: Final = [
    "attnlab.*",
    "lightning.Trainer",
    "lightning.pytorch.callbacks.*",
    "lightning.pytorch.loggers.*",
    "torch.optim.*",
]
"""All that a configuration may execute, so that one from a stranger's run can do no harm."""


def component(config: DictConfig, path: str, kind: type[T], **arguments: Any) -> T:
    """Builds the node at `path` and checks that it is a `kind`.

    Raises:
        ConfigError: if there is no such component, its arguments do not fit, or it is of another kind.
        AttnlabError: what the component's own constructor raises.
    """
    check_component(config, path)
    try:
        built = instantiate(OmegaConf.select(config, path), _execution_whitelist_=WHITELIST, **arguments)
    except InstantiationException as error:
        raise _reason(error, path) from error
    except OmegaConfBaseException as error:
        raise ConfigError(f"{path} cannot be resolved: {_first_line(error)}") from error
    if not isinstance(built, kind):
        raise ConfigError(
            f"{path} must be a {kind.__name__}, but its _target_ makes a {type(built).__name__}: choose one of the "
            f"components in conf/{path.replace('.', '/')}/."
        )
    return built


def check_component(config: DictConfig, path: str) -> None:
    """Refuses a value where a component belongs, as `model.attention=none` leaves it.

    Raises:
        ConfigError: if the node at `path` has no `_target_`.
    """
    node = OmegaConf.select(config, path)
    if not isinstance(node, Mapping | DictConfig) or "_target_" not in node:
        group = path.replace(".", "/")
        raise ConfigError(
            f"{path} must be a component with a _target_, but it is {node!r}: a component is chosen with a slash, "
            f"{group}=NAME, by the name of a file in conf/{group}/."
        )


def _reason(error: BaseException, path: str) -> AttnlabError:
    """The innermost cause, as one of our own errors."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    if isinstance(cause, AttnlabError):
        return cause
    return ConfigError(f"{path} cannot be built: {_first_line(cause)}")


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0]
