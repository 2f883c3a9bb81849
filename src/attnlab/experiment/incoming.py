"""Which lines are translated together: as many as there are, up to a limit, and no later than they come."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from select import select

from attnlab.errors import ConfigError, DataError

_PIECE = 1 << 16
"""Bytes that are read at once."""


def incoming(file: str | None, sentences: Sequence[str], size: int) -> Iterator[list[bytes]]:
    """Chunks of raw lines, each of `size` at most: the sentences, or those of a file, or of standard input.

    Raises:
        ConfigError: there are sentences and a file.
        DataError: the file cannot be read.
    """
    if sentences and file is not None:
        raise ConfigError(
            f"a translation reads sentences of the command line or those of a file, but both are there, input={file}: "
            "leave one out."
        )
    if sentences:
        lines = [sentence.encode("utf-8", "surrogateescape") for sentence in sentences]
        yield from (lines[start : start + size] for start in range(0, len(lines), size))
    elif file is None or file == "-":
        yield from chunks(sys.stdin.fileno(), size)
    else:
        try:
            with Path(file).open("rb") as stream:
                yield from chunks(stream.fileno(), size)
        except OSError as error:
            raise DataError(
                f"input names a text file, but {file} cannot be read ({error.strerror}): name another."
            ) from error


def chunks(descriptor: int, size: int) -> Iterator[list[bytes]]:
    """The lines of an open file; only a line feed ends one, with or without a carriage return before it.

    Whoever writes a line and waits for its translation gets it: a chunk that is not full goes when no more has come.
    """
    lines: list[bytes] = []
    unfinished: list[bytes] = []
    while piece := os.read(descriptor, _PIECE):
        first, *others = piece.split(b"\n")
        unfinished.append(first)
        if others:
            lines += [b"".join(unfinished), *others[:-1]]
            unfinished = [others[-1]]
        while len(lines) >= size:
            yield _stripped(lines[:size])
            del lines[:size]
        if lines and not select([descriptor], [], [], 0)[0]:
            yield _stripped(lines)
            lines = []
    last = b"".join(unfinished)
    if last:
        lines.append(last)
    if lines:
        yield _stripped(lines)


def _stripped(lines: Sequence[bytes]) -> list[bytes]:
    return [line.removesuffix(b"\r") for line in lines]
