"""What lies where in the folder of a run."""

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
