"""How one node of a configuration becomes one object of the right kind, or one clear error."""

from collections.abc import Mapping
from fnmatch import fnmatch
from typing import Any, Final, TypeVar

from hydra.utils import get_object, instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnlab.errors import AttnlabError, ConfigError, first_line
from attnlab.experiment.argument_types import check_types

T = TypeVar("T")

OmegaConf.register_resolver("sum", lambda *sizes: sum(sizes), replace=True)  # sizes of what is joined
# Even, since each direction of an encoder has half.
OmegaConf.register_resolver("scaled_size", lambda size, factor: 2 * round(size * factor / 2), replace=True)

WHITELIST: Final = [
    "attnlab.attention.*",
    "attnlab.data.*",
    "attnlab.decoding.*",
    "attnlab.evaluation.*",
    "attnlab.experiment.tracking.*",
    "attnlab.experiment.wandb_tracking.*",
    "attnlab.seq2seq.*",
    "attnlab.text.*",
    "attnlab.training.*",
    "lightning.Trainer",
    "lightning.pytorch.callbacks.*",
    "torch.optim.*",
]
"""Where all lies that a configuration may build, so that one from a stranger's run can do no harm."""
FUNCTIONS: Final = {"attnlab.data.settings.read_selection"}
"""What it may call that is no class: making an object does nothing else, but a function may."""


def component(config: DictConfig, path: str, kind: type[T], **arguments: Any) -> T:
    """Builds the node at `path` and checks that it is a `kind`.

    Raises:
        ConfigError: if there is no such component, its arguments do not fit, or it is of another kind.
        AttnlabError: what the component's own constructor raises.
    """
    check_component(config, path)
    node = OmegaConf.select(config, path)
    try:
        if _allowed(node["_target_"]):
            check_types(config, path, arguments)
        _check_classes(OmegaConf.to_container(node), path)
        built = instantiate(node, _execution_whitelist_=WHITELIST, **arguments)
    except AttnlabError:
        raise
    except OmegaConfBaseException as error:
        raise ConfigError(
            f"{path} cannot be resolved ({first_line(error)}): give the value that is missing."
        ) from error
    except Exception as error:  # constructors of torch and Lightning refuse values in a dozen ways
        raise _reason(error, path) from error
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
        group = {"validation_search": "search@validation_search"}.get(path, path.replace(".", "/"))
        raise ConfigError(
            f"{path} must be a component with a _target_, but it is {node!r}: choose one by the name of a file in "
            f"conf/{group.partition('@')[0]}/, {group}=NAME, or where there is none set its values, {path}.KEY=VALUE."
        )


def _check_classes(value: Any, path: str) -> None:
    """Refuses a function at any depth of a configuration; what is not on the list is Hydra's to refuse."""
    for name, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if name == "_target_" and _allowed(one) and one not in FUNCTIONS and not isinstance(get_object(one), type):
            raise ConfigError(f"{path}._target_ names a class, but {one} is none: choose a file in conf/.")
        _check_classes(one, f"{path}.{name}")


def _allowed(target: object) -> bool:
    return any(fnmatch(str(target), pattern) for pattern in WHITELIST)


def _reason(error: BaseException, path: str) -> AttnlabError:
    """The innermost cause, as one of our own errors."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    if isinstance(cause, AttnlabError):
        return cause
    return ConfigError(f"{path} cannot be built ({first_line(cause)}): mend a value of {path}.")
