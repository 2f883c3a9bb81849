"""Scores a trained run on a split of its own corpus or of another."""

import copy
import logging
from pathlib import Path

from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import ConfigAttributeError, ConfigKeyError

from attnlab.data.prepare import check_split
from attnlab.errors import ConfigError
from attnlab.evaluation.answer import require_attention
from attnlab.evaluation.pictures import save_figure
from attnlab.experiment.build import prepare_data
from attnlab.experiment.quiet import quiet_libraries
from attnlab.experiment.rehearsal import try_model
from attnlab.experiment.results import environment, short_path
from attnlab.experiment.run_folder import Run, open_run, write_config
from attnlab.experiment.score import leave_results, print_table, score
from attnlab.experiment.show import LONGEST_HEATMAP, draw_forced, spread_rows
from attnlab.text.trainers import FixedTokenizers

log = logging.getLogger(__name__)


def evaluate(config: DictConfig) -> float:
    """Scores, prints the table, leaves the results, and returns BLEU."""
    quiet_libraries()
    check_split(config.split)
    if type(config.pictures) is not int or config.pictures < 0:
        raise ConfigError(f"pictures is a number of sentences from 0, not {config.pictures!r}: try pictures=4.")
    run, device = open_run(config)
    _check_attention(config, run)
    config = _complete(config, run)
    folder = Path(config.paths.run)
    _warn_of_direction(config, run)
    prepared = prepare_data(config, FixedTokenizers(run.tokenizers))
    log.info("run: %s, split %s of %s", run.folder, config.split, config.data.name)
    log.info("%s", prepared.describe())
    try_model(run.model, prepared)
    gold_file = None if config.alignment_file is None else Path(str(config.alignment_file))
    scored = score(config, run.model.to(device), prepared, config.split, gold_file=gold_file)
    write_config(folder, config)
    about = {
        "run": short_path(run.folder),
        "model": run.config.model.name,
        "data": config.data.name,
        "split": config.split,
        "seed": run.config.seed,
    }
    leave_results(folder, scored, scored.metrics, about, environment(precision="32-true", device=device))
    drawn = spread_rows(scored.translations, config.pictures)
    if len(drawn) < config.pictures:
        log.info("pictures: %d, as no other source has up to %d words", len(drawn), LONGEST_HEATMAP)
    for number, row in enumerate(drawn, start=1):
        figure = draw_forced(scored, row)
        assert figure is not None
        save_figure(figure, folder / f"attention_{number}.png")
    print_table(
        config, scored.metrics, config.split, f"{run.config.model.name} on {config.split} of {config.data.name}"
    )
    log.info("results: %s", short_path(folder))
    return scored.metrics[f"{config.split}/bleu"]


def _check_attention(config: DictConfig, run: Run) -> None:
    for key, wanted in (("alignment_file", config.alignment_file is not None), ("pictures", config.pictures > 0)):
        if wanted:
            require_attention(run.model, key)


def _warn_of_direction(config: DictConfig, run: Run) -> None:
    own, asked = ((each.data.source_language, each.data.target_language) for each in (run.config, config))
    if own != asked:
        log.warning(
            "the run translates %s into %s, but the corpus is read from %s to %s: data.source_language and "
            "data.target_language say how",
            *own,
            *asked,
        )


def _complete(config: DictConfig, run: Run) -> DictConfig:
    """Takes what the command line left open, data and search, and the seed from the run itself.

    Raises:
        ConfigError: a change of the run's own data or search names a value that it does not have.
    """
    with open_dict(config):
        for name, mark in (("data", "corpus"), ("search", "_target_")):
            changes = config[name] if name in config and config[name] is not None else OmegaConf.create({})
            if mark not in changes:
                config[name] = _changed(run.config[name], changes)
        config.seed = run.config.seed
    return config


def _changed(own: DictConfig, changes: DictConfig) -> DictConfig:
    own = copy.deepcopy(own)
    OmegaConf.set_struct(own, True)
    try:
        merged = OmegaConf.merge(own, changes)
    except (ConfigKeyError, ConfigAttributeError) as error:
        key = error.full_key
        raise ConfigError(
            f"+{key} changes a value of the run, but the run has no {key}: see its config.yaml for all it has."
        ) from error
    assert isinstance(merged, DictConfig)
    return merged
