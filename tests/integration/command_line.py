"""How the tests run the real commands."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODEL = (
    "model.hidden_size=16",
    "model.embedding_size=16",
    "trainer.max_epochs=2",
    "trainer.precision=32-true",
    "trainer.accelerator=cpu",
    "trainer.log_every_n_steps=1",
    "search.length_limit.maximum=20",
    "validation_search.length_limit.maximum=20",
)
TINY = (*MODEL, "data=grammar", "data.train_size=200", "data.validation_size=20", "data.test_size=20", "logger=none")
"""A training that takes a second."""


@dataclass(frozen=True)
class Finished:
    """What a command wrote and how it ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def error(self) -> str:
        """The single line of a command that failed in order."""
        assert self.status == 2, self
        assert self.stderr.count("\n") == 1, self.stderr
        assert self.stderr.startswith("error: "), self.stderr
        assert "Traceback" not in self.stdout
        return self.stderr.removeprefix("error: ").removesuffix("\n")


@dataclass(frozen=True)
class Trained:
    """A run, and what its command said."""

    folder: Path
    said: Finished

    @property
    def metrics(self) -> dict[str, float]:
        """The figures it left."""
        return figures(self.folder)


class Commands:
    """Runs `train.py`, `evaluate.py` and `translate.py` as processes that share the imports of one parent."""

    def __init__(self, repository: Path, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.repository = repository
        self.environment = {**os.environ, **environment}
        requests, self._requests = os.pipe()
        self._replies, replies = os.pipe()
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("command_server.py")), str(requests), str(replies)],
            pass_fds=(requests, replies),
            env=self.environment,
            cwd=folder,
        )
        os.close(requests)
        os.close(replies)

    def __call__(
        self, command: str, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None
    ) -> Finished:
        """Runs one command in `folder`."""
        streams = [self.folder / f".{name}" for name in ("stdin", "stdout", "stderr")]
        for path, content in zip(streams, (stdin, b"", b""), strict=True):
            path.write_bytes(content)
        request = {
            "arguments": [str(self.repository / f"{command}.py"), *arguments],
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
        return Finished(int(reply), *(path.read_bytes().decode("utf-8") for path in streams[1:]))

    def train(self, outputs: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Trained:
        """One training that succeeds; settings of `TINY` hold unless the arguments change them."""
        places = (f"paths.outputs={outputs}", "paths.cache=cache")
        said = self("train", *TINY, *places, *arguments, environment=environment)
        assert said.status == 0, said.stderr
        (folder,) = (path.parent for path in (self.folder / outputs).glob("*/*/metrics.json"))
        return Trained(folder, said)

    def start(self, command: str, *arguments: str | bytes, options: Sequence[str] = (), **streams: Any) -> Any:
        """The same as a process of its own, from the interpreter's start on; returns the Popen."""
        script = str(self.repository / f"{command}.py")
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        with _heard_interrupts():
            return subprocess.Popen(
                [sys.executable, *options, script, *arguments], cwd=self.folder, env=self.environment, **pipes
            )

    def alone(self, command: str, *arguments: str | bytes, options: Sequence[str] = ()) -> Finished:
        """`start` to its end."""
        process = self.start(command, *arguments, options=options)
        stdout, stderr = process.communicate(timeout=120)
        return Finished(process.returncode, stdout.decode("utf-8"), stderr.decode("utf-8"))

    def close(self) -> None:
        """Ends the parent process."""
        os.close(self._requests)
        self._server.wait(timeout=60)
        os.close(self._replies)


def figures(folder: Path) -> dict[str, float]:
    """The metrics in the results of a run or an evaluation."""
    metrics: dict[str, float] = json.loads((folder / "metrics.json").read_text("utf-8"))["metrics"]
    return metrics


@contextmanager
def _heard_interrupts() -> Iterator[None]:
    """A process that a shell starts in the background ignores SIGINT, and so would all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
