"""Lines that come bit by bit."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.errors import DataError
from attnlab.experiment.incoming import chunks, incoming


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Where lines are read, and where they are written; the test closes the second."""
    read, write = os.pipe()
    yield read, write
    os.close(read)


def test_what_has_come_is_given_out_at_once(pipe: tuple[int, int]) -> None:
    """A line without its end has not come yet."""
    read, write = pipe
    coming = chunks(read, 3)
    for text, lines in (
        (b"one\n", [b"one"]),
        (b"two\nthree\nfo", [b"two", b"three"]),
        (b"ur\r\n\nsix\nseven\n", [b"four", b"", b"six"]),
    ):
        os.write(write, text)
        assert next(coming) == lines
    assert next(coming) == [b"seven"]
    os.write(write, b"last")
    os.close(write)
    assert list(coming) == [[b"last"]]


def test_long_and_many_lines_keep_their_order(pipe: tuple[int, int]) -> None:
    read, write = pipe
    lines = [bytes([48 + number % 10]) * (7 * number % 300_000) for number in range(0, 100_000, 1_001)]

    def feed() -> None:
        for line in lines:
            os.write(write, line + b"\n")
        os.close(write)

    thread = threading.Thread(target=feed)
    thread.start()
    came = list(chunks(read, 7))
    thread.join()
    assert [line for chunk in came for line in chunk] == lines
    assert max(map(len, came)) <= 7


@given(
    lines=st.lists(st.binary(max_size=9).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b""))),
    end=st.sampled_from([b"\n", b"\r\n"]),
    closed=st.booleans(),
    size=st.integers(1, 5),
)
def test_a_file_gives_its_lines(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], end: bytes, closed: bool, size: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "lines"
    path.write_bytes(end.join(lines) + (end if closed and lines else b""))
    came = list(incoming(str(path), [], size))
    assert all(len(chunk) == size for chunk in came[:-1])
    expected = lines if closed else lines[: len(lines) - (not lines[-1:] or not lines[-1])]
    assert [line for chunk in came for line in chunk] == expected


def test_sentences_come_in_chunks() -> None:
    assert list(incoming(None, ["a b", "c", "dü"], 2)) == [[b"a b", b"c"], ["dü".encode()]]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"input names a text file, but .*nowhere cannot be read \(No such file .* name a"
    ):
        list(incoming(str(tmp_path / "nowhere"), [], 1))
