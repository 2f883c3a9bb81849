"""What of a tested run is shown to the tracker: figures, tables, sample translations and heat maps."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from omegaconf import DictConfig

from attnlab.data.prepare import PreparedData
from attnlab.evaluation.alignment_judge import ALIGNMENT_COLUMNS
from attnlab.evaluation.by_length import table_by_length
from attnlab.evaluation.curve import draw_curve
from attnlab.evaluation.heatmap import draw_heatmap
from attnlab.evaluation.pictures import save_figure
from attnlab.experiment.build import fine_buckets_of
from attnlab.experiment.results import Translation
from attnlab.experiment.score import Scored, attended
from attnlab.experiment.tracking import Cell, Tracker
from attnlab.text.special import EOS, SPECIAL_TOKENS

SAMPLES = 20
"""Sentences in the table of translations."""
HEATMAPS = 4
"""Sentences whose attention is drawn."""
LONGEST_HEATMAP = 40
"""Source words of a heat map; longer ones cannot be read on a screen."""
EOS_SHOWN = SPECIAL_TOKENS[EOS]


def show_test(tracker: Tracker, folder: Path, config: DictConfig, scored: Scored, prepared: PreparedData) -> None:
    """Shows a tested run, and leaves its curve over source length in `folder`."""
    fine = fine_buckets_of(config).names
    curve = draw_curve(scored.metrics, names=fine, label=config.model.name)
    save_figure(curve, folder / "bleu_by_length.png")
    tracker.log_image("bleu_by_length", curve)
    names = list(config.data.length.buckets)
    tracker.log_table("test_by_length", *table_by_length(scored.metrics, stage="test", names=names))
    if attended(scored.metrics, "test"):
        alignment = table_by_length(scored.metrics, stage="test", names=names, columns=ALIGNMENT_COLUMNS)
        tracker.log_table("test_alignment", *alignment)
    shown = scored.translations[:SAMPLES]
    rows: list[list[Cell]] = [[one.source, one.reference, one.hypothesis, one.log_prob] for one in shown]
    tracker.log_table("translations", ["source", "reference", "translation", "log_prob"], rows)
    _show_heatmaps(tracker, scored, prepared)


def spread_rows(translations: Sequence[Translation], number: int) -> list[int]:
    """A few sentences that can be drawn, the same in every run on a corpus: spread over its lengths."""
    fitting = [row for row, one in enumerate(translations) if one.source_length <= LONGEST_HEATMAP]
    by_length = sorted(fitting, key=lambda row: (translations[row].source_length, row))
    number = min(number, len(by_length))
    return [by_length[(2 * place + 1) * len(by_length) // (2 * number)] for place in range(number)]


def draw_forced(scored: Scored, row: int) -> Figure | None:
    """The attention, between words, while the reference of a row was read, with its gold alignment where it is known.

    None if the model has no attention.
    """
    judge = scored.alignment
    weights = judge.forced(scored.answers[row])
    if weights is None:
        return None
    source, target = [*judge.sources[row].split(), EOS_SHOWN], judge.references[row].split()
    if judge.gold is None or not judge.gold[row].known:
        return draw_heatmap(weights, source, target)
    return draw_heatmap(weights, source, target, gold=judge.gold[row].sure, possible=judge.gold[row].possible)


def _show_heatmaps(tracker: Tracker, scored: Scored, prepared: PreparedData) -> None:
    """What a few sentences' own translations looked at, piece by piece, and their references, word by word."""
    tokenizers = prepared.tokenizers
    for number, row in enumerate(spread_rows(scored.translations, HEATMAPS), start=1):
        caption = scored.translations[row].source
        best, forced = scored.answers[row].hypotheses[0], draw_forced(scored, row)
        if best.weights is None or forced is None:
            return
        source = [*tokenizers.source.pieces(prepared.splits["test"][row]["source_ids"]), EOS_SHOWN]
        target = [*tokenizers.target.pieces(best.tokens), *([EOS_SHOWN] if best.finished else [])]
        tracker.log_image(f"attention_{number}", draw_heatmap(best.weights, source, target), caption=caption)
        tracker.log_image(f"forced_attention_{number}", forced, caption=caption)
