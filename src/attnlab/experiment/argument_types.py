"""Whether the values of a component are of the types that its constructor asks for."""

import inspect
import os
import re
import types
from collections.abc import Mapping
from collections.abc import Sequence as AbstractSequence
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hydra.utils import get_object
from omegaconf import DictConfig, ListConfig, OmegaConf

from attnlab.errors import ConfigError

_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text", types.NoneType: "null"}
_COMPONENT = "a component with a _target_"


def check_types(config: DictConfig, path: str, arguments: Mapping[str, Any]) -> None:
    """Refuses what Python would take without a word and stumble over later, such as `data.seed=abc`.

    Only plain values are looked at; a value that refers to another is named after that one.

    Args:
        config: the whole configuration.
        path: of a node with a `_target_` that may be imported.
        arguments: passed to the constructor beside (or instead of) the values of the node.

    Raises:
        ConfigError: a value of another type.
    """
    node = OmegaConf.select(config, path)
    hints = _hints(node["_target_"])
    for key in node:
        name = str(key)
        if name in arguments or OmegaConf.is_missing(node, key) or re.fullmatch("_.*_", name):
            continue
        if isinstance(node[key], DictConfig) and "_target_" in node[key]:
            check_types(config, f"{path}.{name}", {})
        elif name in hints:
            _check(_origin(config, path, name), _plain(node[key]), hints[name])
    for name, value in arguments.items():
        if name in hints and isinstance(value, str | int | float):
            _check(f"{path}.{name}", value, hints[name])


def accepts(hint: Any, value: Any) -> bool:
    """Whether a value that YAML can hold fits a type; a type this function does not know takes everything."""
    if get_origin(hint) is not None:
        return _accepts_generic(get_origin(hint), get_args(hint), value)
    if not inspect.isclass(hint):
        return True
    if hint in (int, float):  # bool is an int to Python, but not to our readers
        return isinstance(value, (int, hint)) and not isinstance(value, bool)
    try:
        return isinstance(value, hint) or (isinstance(value, str) and issubclass(hint, os.PathLike))
    except TypeError:  # a protocol that cannot be asked
        return True


def _accepts_generic(origin: Any, inner: tuple[Any, ...], value: Any) -> bool:
    """The same for `origin[inner]`."""
    if origin in (Union, types.UnionType):
        return any(accepts(one, value) for one in inner)
    if origin is Literal:
        return value in inner
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        return isinstance(value, dict) and all(accepts(inner[1], one) for one in value.values())
    if inspect.isclass(origin) and issubclass(origin, AbstractSequence):
        return isinstance(value, list) and (origin is tuple or all(accepts(inner[0], one) for one in value))
    return True


def _check(path: str, value: Any, hint: Any) -> None:
    if accepts(hint, value):
        return
    if isinstance(value, dict) and get_origin(hint) is not None:
        for name, one in value.items():
            for mapping in (each for each in (hint, *get_args(hint)) if _is_mapping(each)):
                _check(f"{path}.{name}", one, get_args(mapping)[1])
    raise ConfigError(f"{path} takes {_described(hint)}, but it is {value!r}: mend {path}.")


def _is_mapping(hint: Any) -> bool:
    origin = get_origin(hint)
    return inspect.isclass(origin) and issubclass(origin, Mapping)


def _described(hint: Any) -> str:
    """The type in a user's words."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        kinds = list(dict.fromkeys(_described(one) for one in inner))
        if "a number" in kinds and "a whole number" in kinds:
            kinds.remove("a whole number")
        return " or ".join([kind for kind in kinds if kind != _COMPONENT] or [_COMPONENT])
    if origin is Literal:
        return "one of " + ", ".join(str(one) for one in inner)
    if _is_mapping(hint):
        return f"names with {_described(inner[1])}"
    if origin is not None:
        return "a list"
    if inspect.isclass(hint) and issubclass(hint, os.PathLike):
        return "text"
    return _WORDS.get(hint, _COMPONENT)


def _hints(target: str) -> Mapping[str, Any]:
    """Types of the parameters; none where they cannot be told."""
    called = get_object(target)
    try:
        return get_type_hints(called.__init__ if inspect.isclass(called) else called)
    except (NameError, TypeError, AttributeError):  # a library may import its types for type checkers only
        return {}


def _origin(config: DictConfig, path: str, name: str) -> str:
    """Where a value really stands, if it only refers to another: `${model.hidden_size}` stands there."""
    node = OmegaConf.select(config, path)
    raw = OmegaConf.to_container(node, resolve=False)
    reference = re.fullmatch(r"\$\{((?:[\w/-]+\.)*)([\w/-]+)\}", str(raw[name])) if isinstance(raw, dict) else None
    if reference is None:
        return f"{path}.{name}"
    parent, last = reference[1].rstrip("."), reference[2]
    return _origin(config, parent, last) if parent else last


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if isinstance(value, DictConfig | ListConfig) else value
