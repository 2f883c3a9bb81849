"""Scores a trained run on a split of its own corpus or of another."""

import logging
from pathlib import Path

from omegaconf import DictConfig, OmegaConf, open_dict

from attnlab.experiment.build import device_of, prepare_data
from attnlab.experiment.results import short_path
from attnlab.experiment.run_folder import Run, find_run, load_run, write_config
from attnlab.experiment.score import leave_results, print_table, score
from attnlab.experiment.train import quiet_libraries
from attnlab.text.trainers import FixedTokenizers

log = logging.getLogger(__name__)


def evaluate(config: DictConfig) -> float:
    """Scores, prints the table, leaves the results, and returns BLEU."""
    quiet_libraries()
    run = load_run(find_run(config.run, Path(config.paths.outputs)))
    config = _complete(config, run)
    folder = Path(config.paths.run)
    prepared = prepare_data(config, FixedTokenizers(run.tokenizers))
    log.info("run: %s, split %s of %s", run.folder, config.split, config.data.name)
    log.info("%s", prepared.describe())
    scored = score(config, run.model.to(device_of(config.device)), prepared, config.split)
    write_config(folder, config)
    about = {
        "run": short_path(run.folder),
        "model": run.config.model.name,
        "data": config.data.name,
        "split": config.split,
        "seed": run.config.seed,
    }
    leave_results(folder, scored, scored.metrics, about, "32-true")
    print_table(
        config, scored.metrics, config.split, f"{run.config.model.name} on {config.split} of {config.data.name}"
    )
    log.info("results: %s", short_path(folder))
    return scored.metrics[f"{config.split}/bleu"]


def _complete(config: DictConfig, run: Run) -> DictConfig:
    """Takes what the command line left open, data and search, from the run itself."""
    whole = OmegaConf.create({"data": run.config.data, "search": run.config.search})
    if "data" in config and "corpus" in config.data:
        del whole["data"]
    if "search" in config and "_target_" in config.search:
        del whole["search"]
    with open_dict(config):
        merged = OmegaConf.merge(config, whole, config)
    assert isinstance(merged, DictConfig)
    return merged
