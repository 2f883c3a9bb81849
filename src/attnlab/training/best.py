"""Which epochs' weights are kept for the test."""

from pathlib import Path
from typing import Any

from lightning.pytorch.callbacks import ModelCheckpoint
from typing_extensions import override

from attnlab.errors import RunError


class BestCheckpoint(ModelCheckpoint):
    """Lightning's, with a memory that knows its files by name: their folder may have moved since.

    A path out of a checkpoint is never followed: what is no longer among the best is deleted, and a stranger's
    checkpoint could name any file.

    Raises:
        RunError: on loading, if it names something else than a checkpoint.
    """

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        state = {
            **state_dict,
            "dirpath": self.dirpath,
            "best_k_models": {self._here(path): value for path, value in state_dict["best_k_models"].items()},
        }
        state |= {
            name: self._here(state_dict[name]) for name in ("best_model_path", "kth_best_model_path", "last_model_path")
        }
        super().load_state_dict(state)

    def _here(self, path: str) -> str:
        if path and not path.endswith(".ckpt"):
            raise RunError(f"a checkpoint remembers the best ones, but {path!r} is none: use one that was not altered.")
        return str(Path(str(self.dirpath)) / Path(path).name) if path else path
