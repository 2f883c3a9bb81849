"""What of a tested run is shown to the tracker: figures, tables, sample translations and heat maps."""

from pathlib import Path

from omegaconf import DictConfig

from attnlab.data.lengths import LengthBuckets
from attnlab.data.prepare import PreparedData
from attnlab.evaluation.by_length import table_by_length
from attnlab.evaluation.curve import draw_curve
from attnlab.evaluation.heatmap import draw_heatmap
from attnlab.evaluation.pictures import save_figure
from attnlab.experiment.build import plain
from attnlab.experiment.score import Scored
from attnlab.experiment.tracking import Cell, Tracker

SAMPLES = 20
"""Sentences in the table of translations."""
HEATMAPS = 4
"""Sentences whose attention is drawn."""
LONGEST_HEATMAP = 40
"""Source words of a heat map; longer ones cannot be read on a screen."""


def show_test(tracker: Tracker, folder: Path, config: DictConfig, scored: Scored, prepared: PreparedData) -> None:
    """Shows a tested run, and leaves its curve over source length in `folder`."""
    tracker.log_summary(scored.metrics)
    fine = LengthBuckets.fine(**plain(config.data.length.fine)).names
    curve = draw_curve({config.model.name: scored.metrics}, names=fine)
    save_figure(curve, folder / "bleu_by_length.png")
    tracker.log_image("bleu_by_length", curve)
    names = list(config.data.length.buckets)
    tracker.log_table("test_by_length", *table_by_length(scored.metrics, stage="test", names=names))
    shown = scored.translations[:SAMPLES]
    rows: list[list[Cell]] = [[one.source, one.reference, one.hypothesis, one.log_prob] for one in shown]
    tracker.log_table("translations", ["source", "reference", "translation", "log_prob"], rows)
    _show_heatmaps(tracker, scored, prepared)


def _show_heatmaps(tracker: Tracker, scored: Scored, prepared: PreparedData) -> None:
    """The attention of a few sentences, the same in every run on a corpus: spread over its lengths."""
    tokenizers = prepared.tokenizers
    fitting = [row for row, one in enumerate(scored.translations) if one.source_length <= LONGEST_HEATMAP]
    by_length = sorted(fitting, key=lambda row: (scored.translations[row].source_length, row))
    for number in range(min(HEATMAPS, len(by_length))):
        row = by_length[(2 * number + 1) * len(by_length) // (2 * HEATMAPS)]
        best = scored.answers[row].hypotheses[0]
        if best.weights is None:
            return
        source = [*tokenizers.source.pieces(prepared.splits["test"][row]["source_ids"]), "<eos>"]
        target = [*tokenizers.target.pieces(best.tokens), *(["<eos>"] if best.finished else [])]
        figure = draw_heatmap(best.weights, source, target)
        tracker.log_image(f"attention_{number + 1}", figure, caption=scored.translations[row].source)
