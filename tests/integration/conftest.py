"""Runs the real commands, and trains the runs that several tests look at."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

TINY = (
    "data=grammar",
    "data.train_size=200",
    "data.validation_size=20",
    "data.test_size=20",
    "model.hidden_size=16",
    "model.embedding_size=16",
    "trainer.max_epochs=2",
    "trainer.precision=32-true",
    "trainer.accelerator=cpu",
    "logger=none",
)
"""A training that takes two seconds."""


@dataclass(frozen=True)
class Finished:
    """What a command wrote and how it ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def errors(self) -> list[str]:
        """Lines on standard error."""
        return self.stderr.splitlines()


class Commands:
    """Runs `train.py`, `evaluate.py` and `translate.py` as processes that share the imports of one parent."""

    def __init__(self, repository: Path, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._repository = repository
        requests, self._requests = os.pipe()
        self._replies, replies = os.pipe()
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("command_server.py")), str(requests), str(replies)],
            pass_fds=(requests, replies),
            env={**os.environ, **environment},
            cwd=folder,
        )
        os.close(requests)
        os.close(replies)

    def __call__(
        self, command: str, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None
    ) -> Finished:
        """Runs one command in `folder`, with its outputs in `folder`/outputs unless the arguments say otherwise."""
        streams = [self.folder / f".{name}" for name in ("stdin", "stdout", "stderr")]
        for path, content in zip(streams, (stdin, b"", b""), strict=True):
            path.write_bytes(content)
        request = {
            "arguments": [str(self._repository / f"{command}.py"), *arguments],
            "folder": str(self.folder),
            "streams": [str(path) for path in streams],
            "environment": dict(environment or {}),
        }
        os.write(self._requests, json.dumps(request).encode() + b"\n")
        reply = b""
        while not reply.endswith(b"\n"):
            piece = os.read(self._replies, 64)
            assert piece, "the command server has died"
            reply += piece
        return Finished(int(reply), *(path.read_text("utf-8") for path in streams[1:]))

    def close(self) -> None:
        """Ends the parent process."""
        os.close(self._requests)
        self._server.wait(timeout=60)
        os.close(self._replies)
