"""What lies where in the folder of a run."""

from pathlib import Path
from typing import Final

CONFIG_FILE: Final = "config.yaml"
"""Every value as it was used."""
COMPOSED_FILE: Final = "composed.yaml"
"""The same with references between values kept, so that one can be changed and the others follow."""
TOKENIZER_FOLDER: Final = "tokenizer"
CHECKPOINT_FOLDER: Final = "checkpoints"
WEIGHTS_FILE: Final = "model.ckpt"
"""The weights the run is tested with, in checkpoints/: the best checkpoint's or their mean. Training is over."""
METRICS_FILE: Final = "metrics.json"
"""The last file that a run leaves: it is finished."""
TRANSLATIONS_FILE: Final = "translations.jsonl"
LOG_FILE: Final = "train.log"
"""What the run said, of every time it was started or went on."""


def weights_file(folder: Path) -> Path:
    """The weights that a run is tested with."""
    return folder / CHECKPOINT_FOLDER / WEIGHTS_FILE
