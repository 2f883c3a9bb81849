"""What of a tested run is shown to the tracker: figures, tables, sample translations and heat maps."""

from omegaconf import DictConfig

from attnlab.data.prepare import PreparedData
from attnlab.evaluation.by_length import table_by_length
from attnlab.experiment.score import Scored
from attnlab.experiment.tracking import Tracker

SAMPLES = 20
"""Sentences in the table of translations."""


def show_test(tracker: Tracker, config: DictConfig, scored: Scored, prepared: PreparedData) -> None:
    """Shows a tested run."""
    tracker.log_summary(scored.metrics)
    tracker.log_table(
        "test_by_length", *table_by_length(scored.metrics, stage="test", names=list(config.data.length.buckets))
    )
    shown = scored.translations[:SAMPLES]
    tracker.log_table(
        "translations",
        ["source", "reference", "translation", "log_prob"],
        [[one.source, one.reference, one.hypothesis, one.log_prob] for one in shown],
    )
