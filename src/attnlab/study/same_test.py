"""Whether figures may stand side by side: only if they were measured on the same sentences, in the same way."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final

from attnlab.errors import RunError
from attnlab.study.records import Record
from attnlab.study.settings import differences, setting

_OF_TRAINING: Final = frozenset(
    {
        "batch",
        "cache_dir",
        "evaluation_batch",
        "fine",
        "num_workers",
        "recipe",
        "selection",  # refers to the others
        "tokenizer",  # answers are scored as text
        "train",
        "train_size",
        "validation",
        "validation_size",
        "vocab_size",
    }
)
"""Parts of the keys of data settings that leave the test split as it is."""
_SPLITS: Final = {"train", "validation", "test"}


def check_same_test(records: Sequence[Record]) -> None:
    """Refuses runs that were tested on other sentences, or scored in another way.

    Raises:
        RunError: the first difference.
    """
    first = records[0]
    for record in records[1:]:
        for name, (ours, theirs) in {**_figures(first, record), **_settings(first, record)}.items():
            if ours != theirs:
                raise RunError(
                    f"all rows are tested on the same sentences in the same way, but {name} is {ours} in "
                    f"{first.folder} and {theirs} in {record.folder}: compare these runs apart, with "
                    "runs=[FOLDER,FOLDER]."
                )


def _figures(first: Record, second: Record) -> dict[str, tuple[object, object]]:
    """Corpus, signatures and numbers of sentences that both know."""
    found: dict[str, tuple[object, object]] = {"data": (first.data, second.data)}
    for name, signature in first.signatures.items():
        if name in second.signatures:
            found[f"the signature of {name}"] = (signature, second.signatures[name])
    for name, count in first.metrics.items():
        if name == "test/sentences" and name in second.metrics:
            found[name] = (f"{count:,.0f}", f"{second.metrics[name]:,.0f}")
    return found


def _settings(first: Record, second: Record) -> dict[str, tuple[object, object]]:
    """Settings of the data that decide about the test split, where they differ."""
    found = differences([{"data": record.config["data"]} for record in (first, second)])
    sampled = any(setting(record.config, "data.sample.test") is not None for record in (first, second))
    return {
        key: (_of_test(key, ours), _of_test(key, theirs))
        for key, (ours, theirs) in found.items()
        if not _OF_TRAINING & set(key.split(".")) and (sampled or key != "data.sample.seed")
    }


def _of_test(key: str, value: Any) -> Any:
    """The part of a value for all splits that speaks of the test split; a file may lie elsewhere on another machine."""
    if isinstance(value, Mapping) and value and set(value) <= _SPLITS:
        value = value["test"] if "test" in value else (1 if key.endswith(".join") else None)
    return PurePath(value).name if key.endswith(".path") and isinstance(value, str) else value
