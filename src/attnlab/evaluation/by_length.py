"""Which figures a model gets on short, medium and long sources, and under which names they are stored."""

from collections.abc import Mapping, Sequence

from attnlab.data.lengths import LengthBuckets
from attnlab.errors import ConfigError
from attnlab.evaluation.scores import TextScores
from attnlab.evaluation.tokens import TokenTotals

OVERALL = "overall"
"""How the row of all sentences is called; its metric names carry no bucket."""

TABLE_COLUMNS = {
    "sentences": "sentences",
    "bleu": "BLEU",
    "chrf": "chrF",
    "ter": "TER",
    "exact_match": "exact match",
    "token_accuracy": "token accuracy",
    "perplexity": "perplexity",
}
"""Metric -> heading of its column, in the order of the table."""


def metric_name(stage: str, metric: str, bucket: str = OVERALL) -> str:
    """`<stage>/<metric>` for all sentences, `<stage>/<metric>/<bucket>` for one bucket."""
    return f"{stage}/{metric}" if bucket == OVERALL else f"{stage}/{metric}/{bucket}"


def rows_by_length(source_lengths: Sequence[int], buckets: LengthBuckets) -> dict[str, list[int]]:
    """The rows of each bucket that has any, after those of all sentences.

    A sentence outside every bucket counts overall only.

    Args:
        source_lengths: words of each source before tokenisation.
        buckets: what short and long mean.

    Raises:
        ConfigError: a bucket has the name of the row of all sentences.
    """
    if OVERALL in buckets.names:
        raise ConfigError(
            f"The name {OVERALL!r} stands for all sentences, but data.length.buckets uses it: rename that bucket."
        )
    rows: dict[str, list[int]] = {OVERALL: list(range(len(source_lengths))), **{name: [] for name in buckets.names}}
    for row, length in enumerate(source_lengths):
        name = buckets.of(length)
        if name is not None:
            rows[name].append(row)
    return {name: chosen for name, chosen in rows.items() if chosen or name == OVERALL}


def text_by_length(
    hypotheses: Sequence[str],
    references: Sequence[str],
    source_lengths: Sequence[int],
    *,
    stage: str,
    buckets: LengthBuckets,
    scores: TextScores,
) -> dict[str, float]:
    """Every text score and the number of sentences, overall and by bucket; a bucket without sentences is absent."""
    groups = rows_by_length(source_lengths, buckets)
    metrics = {metric_name(stage, "sentences", group): float(len(rows)) for group, rows in groups.items()}
    return metrics | _named(scores.by_group(hypotheses, references, groups), stage)


def bleu_by_length(
    hypotheses: Sequence[str],
    references: Sequence[str],
    source_lengths: Sequence[int],
    *,
    stage: str,
    buckets: LengthBuckets,
    scores: TextScores,
) -> dict[str, float]:
    """BLEU and the number of sentences of each bucket, for the curve over fine buckets; nothing overall."""
    groups = rows_by_length(source_lengths, buckets)
    del groups[OVERALL]
    metrics = {metric_name(stage, "sentences", group): float(len(rows)) for group, rows in groups.items()}
    return metrics | _named(scores.bleu_by_group(hypotheses, references, groups), stage)


def tokens_by_length(
    totals: TokenTotals, source_lengths: Sequence[int], *, stage: str, buckets: LengthBuckets
) -> dict[str, float]:
    """Token accuracy and perplexity, overall and by bucket; a bucket without sentences is absent."""
    figures = {}
    for group, rows in rows_by_length(source_lengths, buckets).items():
        chosen = totals.select(rows)
        figures[group] = {"token_accuracy": chosen.accuracy, "perplexity": chosen.perplexity}
    return _named(figures, stage)


def table_by_length(
    metrics: Mapping[str, float],
    *,
    stage: str,
    names: Sequence[str],
    columns: Mapping[str, str] = TABLE_COLUMNS,
) -> tuple[list[str], list[list[str | float | None]]]:
    """Headings and rows (overall first, then the buckets `names`) of the metrics of one stage; None where unknown."""
    headings = ["length", *columns.values()]
    rows: list[list[str | float | None]] = [
        [bucket, *(metrics.get(metric_name(stage, metric, bucket)) for metric in columns)]
        for bucket in (OVERALL, *names)
    ]
    return headings, rows


def _named(figures: Mapping[str, Mapping[str, float]], stage: str) -> dict[str, float]:
    return {
        metric_name(stage, metric, group): value
        for group, values in figures.items()
        for metric, value in values.items()
    }
