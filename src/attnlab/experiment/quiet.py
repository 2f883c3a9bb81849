"""What libraries say on a terminal, and what they do not."""

import logging
import warnings


def quiet_libraries() -> None:
    """Keeps advice that our users cannot follow off the terminal."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in (
        ".*does not have many workers.*",
        ".*isinstance\\(treespec, LeafSpec\\).*",
        ".*exists and is not empty.*",
        ".*GPU available but not used.*",
        ".*sync_dist=True.*",  # a validation's figures are those of all processes
        ".*TensorFloat32 tensor cores.*",  # float32 is what was asked for
        ".*dataloader is not resumable.*",  # the data module is: see its load_state_dict
    ):
        warnings.filterwarnings("ignore", message=message)
