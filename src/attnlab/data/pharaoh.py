"""How word alignments are written and read: the Pharaoh format, "0-0 1-2", source word first, counted from 0."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attnlab.errors import DataError

Link = tuple[int, int]
"""Source word and target word, counted from 0."""

LINK: Final = re.compile(r"([0-9]+)([-p?])([0-9]+)")
"""Source word, how sure, target word."""


@dataclass(frozen=True)
class GoldAlignment:
    """What annotators say of one sentence pair (Och & Ney 2003).

    Attributes:
        sure: links that must be found.
        possible: links that may be found; every sure link is one of them.
    """

    sure: frozenset[Link]
    possible: frozenset[Link]

    @property
    def known(self) -> bool:
        """Whether anybody aligned the pair: two sentences that say the same have at least one link."""
        return bool(self.possible)


def read_gold(text: str, *, source_size: int, target_size: int, place: str) -> GoldAlignment:
    """The links of one line: "1-2" is sure, "1p2" or "1?2" possible only; an empty line says nothing of its pair.

    Without possible links every link is sure, so that P = S.

    Args:
        text: the line.
        source_size: words of the source.
        target_size: words of the target.
        place: what an error calls the line.

    Raises:
        DataError: a part of it is no link, or links a word that is not there.
    """
    sure, possible = set(), set()
    for written in text.split():
        found = LINK.fullmatch(written)
        if found is None:
            raise DataError(
                f"an alignment is written as source-target links such as 0-0 1-2 (possible ones 1p2 or 1?2), but "
                f"{place} holds {written!r}: mend it."
            )
        link = (int(found[1]), int(found[3]))
        if link[0] >= source_size or link[1] >= target_size:
            raise DataError(
                f"a link joins words that are there, counted from 0, but {place} holds {written} for {source_size} "
                f"source and {target_size} target words: count from 0, source first, and keep the order of the pairs."
            )
        possible.add(link)
        if found[2] == "-":
            sure.add(link)
    return GoldAlignment(frozenset(sure), frozenset(possible))


def read_gold_file(path: Path, sizes: Sequence[tuple[int, int]], *, counted: str) -> list[GoldAlignment]:
    """A file in Pharaoh format, a line for each sentence pair.

    Args:
        path: the file.
        sizes: source and target words of each pair.
        counted: what an error calls the pairs, such as "test: kept 9 of 10".

    Raises:
        DataError: the file cannot be read, has another number of lines than there are pairs, or a line is spoilt.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise DataError(
            f"alignment_file names a file of gold alignments, but {path} cannot be read ({reason}): name another."
        ) from error
    # Not splitlines: only a line feed ends a line here, as in the text that is aligned.
    lines = content.removesuffix("\n").split("\n") if content else []
    if len(lines) != len(sizes):
        raise DataError(
            f"alignment_file has a line for each pair that is scored, but {path} has {len(lines):,} lines for "
            f"{len(sizes):,} pairs ({counted}): align the same pairs in the same order."
        )
    return [
        read_gold(line, source_size=source, target_size=target, place=f"line {number} of {path}")
        for number, (line, (source, target)) in enumerate(zip(lines, sizes, strict=True), start=1)
    ]


def write_links(links: Collection[Link]) -> str:
    """Links in Pharaoh format, in the order of the source words."""
    return " ".join(f"{source}-{target}" for source, target in sorted(links))
