"""What a command says about a mistake that Hydra, OmegaConf or the file system has found: one line each."""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError, MissingMandatoryValue, OmegaConfBaseException

from attnlab.errors import AttnlabError, ConfigError, first_line

MENDABLE = (AttnlabError, HydraException, OmegaConfBaseException, OSError)
"""Mistakes that a user can mend; anything else is ours to mend and keeps its trace."""

_PART = re.compile(r"\+{0,2}([\w/]+)=(base\w*)")
"""A choice that is none by itself, but a part of the others of its group."""


def complaint(error: BaseException, *, conf: Path, command: str, arguments: Sequence[str]) -> str:
    """One line with rule, value and remedy.

    Args:
        error: one of `MENDABLE`.
        conf: folder of the configurations.
        command: name of the main configuration.
        arguments: the command line.
    """
    part = next((each for each in arguments if _is_part(each, conf)), None)
    match error:
        case AttnlabError() | HydraException() | OmegaConfBaseException() if part is not None:
            text = f"{part}: this is a part of the other choices and none by itself: choose another; --help shows all."
        case AttnlabError():
            text = str(error)
        case OverrideParseException():
            text = (
                f"{error.override}: a setting reads KEY=VALUE, such as seed=2; quote signs that have a meaning of "
                "their own, as in 'KEY=\"a, b\"'."
            )
        case MissingConfigException():
            text = _no_choice(error, arguments)
        case ConfigCompositionException():
            text = _not_composed(error, conf, command, arguments)
        case InterpolationKeyError() | MissingMandatoryValue():
            text = f"{error.full_key or error} has no value with these choices ({first_line(error)}): give it one."
        case OmegaConfBaseException():
            text = f"{first_line(error)}: mend {error.full_key or 'the value'}."
        case OSError():
            text = (
                f"{error.filename or 'a file'} cannot be used ({error.strerror or error}): mend the path, its "
                "permissions or the space on its disk."
            )
        case _:
            text = str(error)
    return " ".join(text.split())


def unusable_output(error: OSError) -> ConfigError:
    """Hydra makes the folder of a run and its log before any of our code runs."""
    return ConfigError(
        f"what a command leaves goes to {error.filename or 'a folder'}, which cannot be written "
        f"({error.strerror or error}): choose another place with paths.outputs=FOLDER."
    )


def null_for_a_group(conf: Path, arguments: Sequence[str]) -> ConfigError:
    """Hydra itself has no word for `logger=null`; `conf` and `arguments` are as in `complaint`."""
    given = [each for each in arguments if each.endswith("=null")]
    groups = [each for each in given if (conf / each.removesuffix("=null").partition("@")[0]).is_dir()]
    return ConfigError(f"{' '.join(groups)}: null is no choice of a group: leave it out; --help shows all.")


def _is_part(argument: str, conf: Path) -> bool:
    chosen = _PART.fullmatch(argument)
    return chosen is not None and (conf / chosen[1] / f"{chosen[2]}.yaml").exists()


def _no_choice(error: MissingConfigException, arguments: Sequence[str]) -> str:
    """`model=foo`, with what there is instead."""
    group, _, name = (error.missing_cfg_file or "").rpartition("/")
    options = sorted(option for option in error.options or () if not option.startswith("base"))
    if not group:
        return first_line(error)
    asked = next(
        (each for each in reversed(arguments) if re.match(rf"\+{{0,2}}{re.escape(group)}=", each)), f"{group}={name}"
    )
    remedy = f"choose one of {', '.join(options)}" if options else f"there is no choice in conf/{group}/ at all"
    return f"{asked}: {group} has no choice {name}: {remedy}."


def _not_composed(error: ConfigCompositionException, conf: Path, command: str, arguments: Sequence[str]) -> str:
    said = str(error)
    asked = re.search(r"(?:Could not override|An item is already at) '([^']*)'", said)
    several = re.match(r"Ambiguous value for argument '(.*)'\n", said) or re.match("Sweep parameters '(.*)' req", said)
    if several:
        return f"{several[1]} names several values: add -m to run one after the other, or quote it as a list or text."
    sweeps = next((each for each in arguments if re.match(r"\+?sweeps=.*,", each)), None)
    if sweeps and "changed it from" in said:
        return f"{sweeps}: a command runs one sweep: give each a command of its own."
    if asked is None:
        return _not_merged(error, conf)
    key = asked[1]
    setting = next((each for each in reversed(arguments) if each.lstrip("+~").partition("=")[0] == key), key)
    if "already" in said:
        return f"{setting}: there is a {key} already: leave out the + to change it."
    missing = error.__cause__.full_key if isinstance(error.__cause__, OmegaConfBaseException) else None
    if missing and missing.startswith(f"{key}."):
        remedy = f"+{missing}=VALUE adds it"
        if setting.partition("=")[2].startswith("{"):
            remedy += f", and '~{key}' '+{setting}' replaces all of {key}"
        return f"{setting}: there is no {missing} to change: {remedy}."
    return _unknown_key(setting, key, conf, command, arguments)


def _not_merged(error: ConfigCompositionException, conf: Path) -> str:
    """A value that the setting cannot hold, perhaps a choice whose group is written with dots."""
    setting = re.match(r"Error merging override ([\w.]+)=(\w+)$", first_line(error))
    if setting:
        group = setting[1].replace(".", "/")
        with initialize_config_dir(str(conf)):
            options = GlobalHydra.instance().config_loader().get_group_options(group)
        if setting[2] in options:
            return f"{setting[1]}={setting[2]}: choices are written with slashes: {group}={setting[2]}."
    cause = error.__cause__
    return f"{first_line(error)}{f' ({first_line(cause)})' if cause is not None else ''}: mend the setting."


def _unknown_key(setting: str, key: str, conf: Path, command: str, arguments: Sequence[str]) -> str:
    """A key that nothing reads, with those that look like it."""
    top = key.partition(".")[0]
    with initialize_config_dir(str(conf)):
        loader = GlobalHydra.instance().config_loader()
        chosen = [
            each
            for each in arguments
            for group, _, choice in [each.partition("=")]
            if choice and choice in loader.get_group_options(group)
        ]
        try:
            config = compose(command, overrides=chosen, return_hydra_config=top == "hydra")
        except HydraException:
            config = compose(command, return_hydra_config=top == "hydra")
        own_of_run = loader.get_group_options(top)
        if "/" in key and loader.get_group_options(key):
            parent = key.rpartition("/")[0]
            return f"{setting}: the chosen {parent} has no {key.replace('/', '.')}: choose another {parent} with it."
    if "." in key and top not in config and own_of_run:
        return (
            f"{setting}: {top} is the run's own unless it is chosen: +{setting} changes one value of it, {top}=NAME "
            "takes another."
        )
    known = sorted(_keys(config), key=len)
    last = key.rpartition(".")[2]
    close = [one for one in known if one.rpartition(".")[2] == last] or get_close_matches(key, known, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(close[:3])}?" if close else f"python {command}.py --help shows all."
    return f"{setting}: there is no value {key} to change: {hint}"


def _keys(config: DictConfig, prefix: str = "") -> Iterator[str]:
    """All dotted keys but those that only refer to others: they stay true if their origin is changed."""
    for name in map(str, config):
        refers = OmegaConf.is_interpolation(config, name)
        if not refers or "_target_" not in config:
            yield f"{prefix}{name}"
        if not refers and not OmegaConf.is_missing(config, name) and isinstance(config[name], DictConfig):
            yield from _keys(config[name], f"{prefix}{name}.")
