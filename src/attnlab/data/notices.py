"""What is odd about pairs that are kept all the same, and how many it is said of."""

import re
from typing import Final

import datasets
import numpy as np

from attnlab.data.selection import stream

LONG: Final = 10_000
"""Characters on one side: no sentence, but perhaps a file whose line ends were lost."""

# Control characters that are no white space, and format characters: zero-width ones, marks of direction, a byte-order
# mark inside a text.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
)


def notice(dataset: datasets.Dataset) -> dict[str, int]:
    """Reason -> number of pairs, of what is worth a look.

    Repeated pairs are recognised by 8 bytes that are kept of each.
    """
    told = np.zeros(len(dataset), np.int64)
    invisible = long = 0
    for row, pair in enumerate(zip(stream(dataset, "source"), stream(dataset, "target"), strict=True)):
        told[row] = hash(pair)
        invisible += any(map(_INVISIBLE.search, pair))
        long += max(map(len, pair)) > LONG
    counts = {
        "repeated": len(told) - len(np.unique(told)),
        "with invisible characters": invisible,
        f"longer than {LONG:,} characters": long,
    }
    return {reason: count for reason, count in counts.items() if count}
