"""In which settings configurations differ, and how such a setting is called in few words."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final

Differing = dict[str, list[Any]]
"""Dotted key -> its value in each configuration, ABSENT where it has no such key."""
ABSENT: Final = object()
"""Stands for the value of a key that a configuration lacks; unlike None, which is a value."""

TRAINED_LENGTH: Final = "data.length.train"
"""Range of source lengths that training reads."""
_WHOLE: Final = frozenset({"buckets", "join", "lengths", "path", "shares", "splits"})
"""Settings whose own keys are values, such as {3-9: 0.5, 30-60: 0.5}: they are compared as one."""
_SWITCHED_OFF: Final = {"_target_": None}
"""What null in the place of a component is compared as, so that the settings of such components are told apart."""
_PLACES: Final = frozenset({"paths", "logger", "seed"})
"""Groups of where a run goes and how it is shown, and the seed, which tells the runs of one row apart."""
_WITHOUT_EFFECT: Final = frozenset(
    {
        "cache_dir",
        "dirpath",
        "filename",
        "source_vocab_size",  # counted, not chosen
        "target_vocab_size",
        "accelerator",  # recorded as hardware
        "log_every_n_steps",
        "enable_model_summary",
        "num_workers",
        "resumable",
        "progress",
        "journal",
    }
)
"""Last parts of settings that do not change what is learnt."""
_COUNTS_OR_SHARES: Final = frozenset({"limit_train_batches", "val_check_interval"})
"""Settings of which 1 is one and 1.0 is all."""
_SPLITS: Final = frozenset({"train", "validation", "test"})
_RECIPE: Final = "data.recipe."
"""Settings that are there to be taken by others and do nothing themselves."""


def lookup(config: Mapping[str, Any], key: str) -> Any:
    """The value of a dotted key; None below what is switched off, which is a choice; else ABSENT."""
    value: Any = config
    for part in key.split("."):
        if value is None:
            return None
        if not isinstance(value, Mapping) or part not in value:
            return ABSENT
        value = value[part]
    return value


def setting(config: Mapping[str, Any], key: str) -> Any:
    """The value of a dotted key; None where there is no such key: a component that was not chosen has no settings."""
    value = lookup(config, key)
    return None if value is ABSENT else value


def following_keys(composed: Mapping[str, Any]) -> frozenset[str]:
    """Dotted keys that choose nothing: made from others, such as ${model.hidden_size}, or a recipe's, taken by none."""
    leaves = _leaves(composed)
    values = str([value for _, value in leaves])
    return frozenset(
        key
        for key, value in leaves
        if (isinstance(value, str) and "${" in value) or (key.startswith(_RECIPE) and f"${{{key}}}" not in values)
    )


def _leaves(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in values.items():
        found += _leaves(value, f"{prefix}{name}.") if isinstance(value, Mapping) else [(f"{prefix}{name}", value)]
    return found


def differences(configs: Sequence[Mapping[str, Any]], *, added: Collection[str] = ()) -> Differing:
    """Settings that are not the same in all configurations that have them, in the order of the first.

    Lacking a key is no difference from having it: the key is new in the code, or belongs to a component that another
    configuration did not choose, which differs itself. It is one if somebody added the key (`+optimizer.betas=...`) or
    deleted it (`~trainer.gradient_clip_val`).

    Args:
        configs: to be compared.
        added: dotted keys that somebody added or deleted.
    """
    return _differences(configs, "", added)


def _differences(nodes: Sequence[Mapping[str, Any]], prefix: str, added: Collection[str]) -> Differing:
    found: Differing = {}
    for name in dict.fromkeys(name for node in nodes for name in node):
        values = [node.get(name, ABSENT) for node in nodes]
        if any(isinstance(value, Mapping) and "_target_" in value for value in values):
            values = [_SWITCHED_OFF if value is None else value for value in values]
        if name == "path":
            values = [_place(value) for value in values]
        if name in _COUNTS_OR_SHARES:
            values = [value if value is ABSENT else _text(value) for value in values]
        present = [value for value in values if value is not ABSENT]
        if len(present) < len(values) and f"{prefix}{name}" in added:
            found[f"{prefix}{name}"] = values
        elif all(isinstance(value, Mapping) for value in present) and name not in _WHOLE:
            found |= _differences([{} if value is ABSENT else value for value in values], f"{prefix}{name}.", added)
        elif any(value != present[0] for value in present):
            found[f"{prefix}{name}"] = values
    return found


def _place(value: Any) -> Any:
    """Of a path what is the same on another machine: the name of a folder, and of a file its folder and name."""
    if isinstance(value, Mapping):
        return {key: _place(one) for key, one in value.items()}
    if not isinstance(value, str):
        return value
    path = PurePath(value)
    return "/".join(path.parts[-2:]) if path.suffix else path.name


def chosen_differences(
    configs: Sequence[Mapping[str, Any]],
    following: Sequence[frozenset[str] | None],
    *,
    added: Collection[str] = (),
) -> Differing:
    """The differences that somebody chose and that may matter for what is learnt.

    Left out are those of places and appearances, the seed, and settings that follow others: all keys known to do so in
    every run that has them, or, where a run does not know its own, those with the same values as a setting nearer to
    the root.

    Args:
        configs: every value as it was used.
        following: for each of them its `following_keys`; None where these are unknown.
        added: as in `differences`.
    """
    found = {
        key: values
        for key, values in differences(configs, added=added).items()
        if key.partition(".")[0] not in _PLACES
        and not _WITHOUT_EFFECT & set(key.split("."))
        and not _follows(key, values, following)
    }
    return _nearest_to_the_root(found) if None in following else found


def _follows(key: str, values: Sequence[Any], following: Sequence[frozenset[str] | None]) -> bool:
    """Whether the key, or a node that holds it, follows in all configurations that have it and know."""
    knowing = [keys for value, keys in zip(values, following, strict=True) if value is not ABSENT and keys is not None]
    parts = key.split(".")
    nodes = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
    return bool(knowing) and all(nodes & keys for keys in knowing)


def _nearest_to_the_root(found: Differing) -> Differing:
    """One key of those with the same values: the one with the fewest parts, and of these the first.

    A key that some lack has the same values as one nearer to the root if it has them wherever it is present.
    """
    kept: Differing = {}
    for key in sorted(found, key=lambda each: each.count(".")):  # stable
        if not any(_same_where_present(found[key], values) for values in kept.values()):
            kept[key] = found[key]
    return {key: values for key, values in found.items() if key in kept}


def _same_where_present(values: Sequence[Any], others: Sequence[Any]) -> bool:
    return all(value is ABSENT or value == other for value, other in zip(values, others, strict=True))


def labels(keys: Sequence[str]) -> dict[str, str]:
    """A short name for each key: its last parts, as many as tell it from the others.

    The class of a component, `model.cell._target_`, is called like the component, `cell`; a split alone says nothing,
    so `data.length.train` is `length.train`.
    """
    parts = {key: key.removesuffix("._target_").split(".") for key in keys}
    short = {}
    for key, own in parts.items():
        others = [each for other, each in parts.items() if other != key]
        least = 2 if own[-1] in _SPLITS else 1
        unlike = (n for n in range(least, len(own)) if all(other[-n:] != own[-n:] for other in others))
        count = next(unlike, len(own))
        short[key] = ".".join(own[-count:])
    return short


def setting_text(key: str, value: Any) -> str:
    """A value as a user would type it; a class by its own name, a file of this machine too."""
    return value.rpartition(".")[2] if key.endswith("._target_") and isinstance(value, str) else _text(value)


def short_text(key: str, value: Any) -> str:
    """The same for a name: four digits of a long number."""
    text = setting_text(key, value)
    return f"{value:.4g}" if isinstance(value, float) and len(text) > len("0.0001") else text


def _text(value: Any) -> str:
    match value:
        case None | bool():
            return "null" if value is None else str(value).lower()
        case {"_target_": str(name)}:
            return name.rpartition(".")[2]
        case dict():
            return "{" + ",".join(f"{name}:{_text(one)}" for name, one in value.items()) + "}"
        case list():
            return "[" + ",".join(_text(one) for one in value) + "]"
        case str() if PurePath(value).is_absolute():
            return PurePath(value).name
    return str(value)
