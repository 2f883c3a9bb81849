"""How a file is written so that nobody, not even after a crash, finds half of it."""

import os
from contextlib import suppress
from pathlib import Path

_DRAFT = ".draft"


def write_durably(path: Path, content: bytes | memoryview) -> None:
    """Writes beside the place, waits until the disk has it, and renames: the old file stays whole until the new one is.

    Raises:
        OSError: it cannot be written, as on a full disk; the file that was there is as it was.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}{_DRAFT}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        if draft.exists():  # `unlink` itself fails where a part of the path is a file
            draft.unlink()
        raise
    with suppress(OSError):  # not every file system can; the file is there
        _sync_folder(path.parent)


def discard_drafts(folder: Path) -> None:
    """Removes what a kill while writing has left."""
    for draft in folder.glob(f".*{_DRAFT}"):
        draft.unlink()


def _sync_folder(folder: Path) -> None:
    """Makes the new name as durable as the content."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
