"""translate.py between two other programs, for as long as they run."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from command_line import Commands, Trained


def start(commands: Commands, run: Trained, *arguments: str, **streams: Any) -> Any:
    return commands.start("translate", f"run={run.folder}", "search=greedy", *arguments, **streams)


def resident(process: Any) -> int:
    """Kilobytes of memory in use."""
    status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1])


def test_each_line_is_answered_before_the_next_is_written(commands: Commands, trained: Trained) -> None:
    """And a reader that has seen enough ends it without a word."""
    with start(commands, trained, stdin=subprocess.PIPE) as process:
        for line in (b"the dog sleeps\n", b"\n", b"the \xff cat\n", b"the old man sees the cat\n"):
            process.stdin.write(line)
            process.stdin.flush()
            assert bool(process.stdout.readline().strip()) == (line != b"\n" and b"\xff" not in line)
        process.stdout.close()
        process.stdin.write(b"the dog sleeps\n")
        process.stdin.close()
        said = process.stderr.read().decode()
    assert process.returncode == 141
    assert [line for line in said.splitlines() if "unknown to the model" not in line] == [
        "line 3: a line is UTF-8 text, but its byte 5 is not: convert the input."
    ]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_lines(commands: Commands, trained: Trained, tmp_path: Path) -> None:
    """Lines of 1 to 40 words, no two alike; measured after each of ten parts, the first to warm up."""
    lines, words = 20_000, ("the", "old", "dog", "man", "woman", "sees", "likes", "sleeps", "that", "and", "child")
    path, used = tmp_path / "lines", []
    with path.open("w", encoding="utf-8") as file:
        for number in range(lines):
            sentence = [words[(number * 7 + place * place) % len(words)] for place in range(1 + number % 40)]
            file.write(f"{' '.join(sentence)} {number}\n")
    with start(commands, trained, f"input={path}", stderr=subprocess.DEVNULL) as process:
        for number in range(1, lines + 1):
            assert process.stdout.readline().endswith(b"\n")
            if number % (lines // 10) == 0:
                used.append(resident(process))
    assert process.returncode == 0
    assert max(used[1:]) - used[1] < 20_000, used
