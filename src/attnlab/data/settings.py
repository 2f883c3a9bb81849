"""What the data settings of a configuration mean."""

from collections.abc import Mapping
from typing import Any

from attnlab.data.lengths import LengthBuckets, read_range
from attnlab.data.prepare import SPLITS
from attnlab.data.selection import Sample, Selection
from attnlab.errors import ConfigError


def read_selection(
    *,
    length: Mapping[str, Any],
    join: int | Mapping[str, int],
    limit: Mapping[str, int | None],
    sample: Mapping[str, Any],
    empty_lines: str,
) -> Selection:
    """The selection that `data.length`, `.join`, `.limit`, `.sample` and `.empty_lines` describe.

    Args:
        length: `buckets`, and for each split a range [lowest, highest or null] or null for all lengths.
        join: how many neighbours become one pair, for all splits or by split.
        limit: for each split a number of pairs, or null for all.
        sample: for each split null or {size, shares}, and the seed.
        empty_lines: drop or refuse.

    Raises:
        ConfigError: a value that is none of these.
    """
    if empty_lines not in ("drop", "refuse"):
        raise ConfigError(f"Empty lines are dropped or refused, but data.empty_lines is {empty_lines}: choose one.")
    joined = dict(join) if isinstance(join, Mapping) else dict.fromkeys(SPLITS, join)
    for name, settings in (("join", joined), ("limit", limit)):
        for split, value in settings.items():
            if split not in SPLITS or (value is not None and value < 1):
                raise ConfigError(
                    f"data.{name} takes whole numbers from 1 for {', '.join(SPLITS)}, but data.{name}.{split} is "
                    f"{value}: mend it."
                )
    ranges = {split: length.get(split) for split in SPLITS}
    return Selection(
        buckets=_buckets(length["buckets"]),
        refuse_empty=empty_lines == "refuse",
        joined={split: value for split, value in joined.items() if value != 1},
        lengths={
            split: read_range(bounds, name=f"data.length.{split}")
            for split, bounds in ranges.items()
            if bounds is not None
        },
        samples={split: _sample(sample[split], split) for split in SPLITS if sample.get(split) is not None},
        limits={split: value for split, value in limit.items() if value is not None},
        seed=sample.get("seed", 0),
    )


def _buckets(settings: object) -> LengthBuckets:
    if not isinstance(settings, Mapping):
        raise ConfigError(f"Buckets are {{name: [lowest, highest]}}, but data.length.buckets is {settings}: mend it.")
    return LengthBuckets(settings)


def _sample(settings: object, split: str) -> Sample:
    if isinstance(settings, Mapping) and set(settings) <= {"size", "shares"}:
        size, shares = settings.get("size"), settings.get("shares")
        numbers = isinstance(shares, Mapping) and all(type(share) in (int, float) for share in shares.values())
        if (size is None or (type(size) is int and size >= 1)) and (shares is None or numbers):
            return Sample(size=size, shares=shares)
    raise ConfigError(
        f"A sample is {{size: pairs, shares: {{bucket: share}}}} (either may be left out), but data.sample.{split} is "
        f"{settings}: mend it."
    )
