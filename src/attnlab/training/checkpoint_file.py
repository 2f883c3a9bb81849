"""How a checkpoint is written so that a kill costs nothing, and read so that a stranger's runs nothing."""

import io
import zipfile
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from typing_extensions import override

from attnlab.errors import RunError
from attnlab.files import write_durably


class WholeFiles(TorchCheckpointIO):
    """Lightning's checkpoints, through `write_checkpoint` and `read_checkpoint`."""

    @override
    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        write_checkpoint(Path(path), checkpoint)

    @override
    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = True
    ) -> dict[str, Any]:
        return read_checkpoint(Path(path))


def write_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Writes a checkpoint durably: the old file stays whole until the new one is.

    Raises:
        RunError: it cannot be written, as on a full disk; the file that was there is as it was.
    """
    memory = io.BytesIO()
    torch.save(content, memory)
    try:
        write_durably(path, memory.getbuffer())
    except OSError as error:
        kept = f"{path} is still the one before" if path.exists() else "there is none of this name yet"
        raise RunError(
            f"a checkpoint of {memory.tell():,} bytes is written to {path.parent}, but that failed ({error.strerror}; "
            f"{kept}): free some space, then go on with resume=FOLDER."
        ) from error


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint: tensors and plain containers; nothing in the file is executed.

    torch itself does not look at the check sums that it writes into the file, so that an altered one would be loaded.

    Raises:
        RunError: there is no such file, or it is truncated, altered or no checkpoint of a `TranslationTask`.
    """
    if not path.is_file():
        raise RunError(
            f"a run has a checkpoint {path}, but there is no such file: name a finished run or another file."
        )
    try:
        with zipfile.ZipFile(path) as archive:
            altered = archive.testzip()
        content = None if altered else torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can fail in any way
        raise _damaged(path, type(error).__name__) from error
    if not isinstance(content, dict) or not isinstance(content.get("state_dict"), dict):
        raise _damaged(path, f"{altered} was altered" if altered else "no weights in it")
    return content


def _damaged(path: Path, reason: str) -> RunError:
    return RunError(
        f"{path} is no whole attnlab checkpoint ({reason}): it may be truncated or altered; name another checkpoint of "
        "the run."
    )
