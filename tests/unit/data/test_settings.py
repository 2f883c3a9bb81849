"""The data settings of a configuration mean what their comments say."""

from typing import Any

import pytest

from attnlab.data.selection import Sample, Selection
from attnlab.data.settings import read_selection
from attnlab.errors import ConfigError


def read(**changes: Any) -> Selection:
    nothing = {"train": None, "validation": None, "test": None}
    settings: dict[str, Any] = {
        "length": {"buckets": {"short": [1, 9], "long": [10, None]}, "fine": {"step": 5, "maximum": 20}, **nothing},
        "join": 1,
        "limit": nothing,
        "sample": {"seed": 0, **nothing},
        "empty_lines": "drop",
    }
    for name, change in changes.items():
        both = isinstance(change, dict) and isinstance(settings[name], dict)
        settings[name] = {**settings[name], **change} if both else change
    return read_selection(**settings)


def test_the_defaults_keep_everything() -> None:
    selection = read()
    assert selection.buckets.names == ("short", "long")
    assert [selection.joined, selection.lengths, selection.samples, selection.limits] == [{}, {}, {}, {}]
    assert not selection.refuse_empty


def test_each_setting_reaches_its_place() -> None:
    selection = read(
        length={"train": [1, 9], "test": [20, None]},
        join=3,
        limit={"train": 100},
        sample={"seed": 5, "test": {"size": 10, "shares": {"long": 1}}, "train": {"size": 7}},
        empty_lines="refuse",
    )
    assert selection.lengths == {"train": (1, 9), "test": (20, None)}
    assert selection.joined == {"train": 3, "validation": 3, "test": 3}
    assert selection.limits == {"train": 100}
    assert selection.samples == {"train": Sample(size=7), "test": Sample(size=10, shares={"long": 1})}
    assert selection.seed == 5
    assert selection.refuse_empty


def test_join_may_differ_by_split() -> None:
    assert read(join={"test": 3}).joined == {"test": 3}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"empty_lines": "skip"}, "dropped or refused, but data.empty_lines is skip: choose one"),
        ({"join": 0}, "from 1 for train, validation, test, but data.join.train is 0: mend it"),
        ({"join": {"dev": 2}}, "from 1 for train, validation, test, but data.join.dev is 2: mend it"),
        ({"limit": {"test": 0}}, "from 1 for train, validation, test, but data.limit.test is 0: mend it"),
        ({"length": {"train": [9, 1]}}, r"but data.length.train is \[9, 1\]"),
        ({"sample": {"test": {"number": 5}}}, r"A sample is .* but data.sample.test is \{'number': 5\}: mend it"),
        (
            {"sample": {"test": {"shares": {"short": None}}}},
            r"A sample is .* but data.sample.test is .*None.*: mend it",
        ),
        ({"sample": {"test": {"shares": {"short": "1"}}}}, r"A sample is .* but data.sample.test is .*'1'.*: mend it"),
        ({"sample": {"test": 100}}, r"A sample is .* but data.sample.test is 100: mend it"),
        ({"sample": {"test": {"size": "all"}}}, r"A sample is .* but data.sample.test is \{'size': 'all'\}: mend it"),
        ({"length": {"buckets": 5}}, r"Buckets are \{name: .* but data.length.buckets is 5: mend it"),
        ({"sample": {"test": {"size": 0}}}, r"but data.sample.test is \{'size': 0\}: mend it"),
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(**changes)
