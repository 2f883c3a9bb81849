"""What a comparison says in plain words, made from its figures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from attnlab.data.lengths import read_range
from attnlab.evaluation.figures import figure_text
from attnlab.evaluation.intervals import CONFIDENCE
from attnlab.evaluation.significance import Difference
from attnlab.study.columns import Column
from attnlab.study.differences import LEVEL, Differences, Verdict, Verdicts, interval_text, marks_told
from attnlab.study.rows import Row
from attnlab.study.settings import setting
from attnlab.study.size_figure import Lines, generalisation_gap

LEFT_TO_RIGHT: Final = "test/aer_left_to_right"
"""Error rate of the diagonal: the same for all runs on a corpus."""
_MOST: Final = 6
"""Rows that are all spoken of; of more, only the ends of their order."""


def readings(rows: Sequence[Row], differences: Differences | None, lines: Lines) -> list[str]:
    """Sentences on the best row, the baseline, length, alignment and hidden sizes, as far as runs know these.

    Args:
        rows: of the table.
        differences: between rows, where their translations are known.
        lines: rows over hidden sizes.
    """
    grown = {} if differences is None else differences.grown
    found = _alignment(rows) + _over_sizes(lines, grown)
    if differences is None:
        return found
    alone = ["Where both rows have one seed, a test speaks of sentences alone: another seed may turn it."]
    beside = ["Where one row has one seed, it is taken to vary as the other does: another seed may turn a test."]
    return [
        *(alone if differences.of_one_seed else []),
        *(beside if differences.of_one_seed_beside_several else []),
        f"Best: {_best(rows, 'test/bleu', differences.overall, differences.pairs)}",
        *(
            f"On {bucket} sources: {_best(rows, f'test/bleu/{bucket}', tested, differences.pairs)}"
            for bucket, tested in differences.by_length.items()
        ),
        *_baseline(differences.baseline.told, differences.overall, ""),
        *(
            line
            for bucket, tested in differences.by_length.items()
            for line in _baseline(differences.baseline.told, tested, f" on {bucket} sources")
        ),
        *_over_length(rows, differences),
        *found,
    ]


def _best(rows: Sequence[Row], metric: str, tested: Verdicts, pairs: int) -> str:
    """`luong_coverage with BLEU 94.87 ±1.11; not told apart from luong_additive (p = 0.31)`.

    Where the correction alone keeps rows from being told apart, it says how many: more seeds may tell them.
    """
    (best,) = (row for row in rows if row.name == tested.best)
    to_best = tested.to_best
    text = _told(best, metric)
    close = {other: each for other, each in to_best.items() if not each.significant}
    if close:
        text += f"; not told apart from {_listed(close)}"
        if nearly := sum(each.difference.p_value < LEVEL for each in close.values()):
            text += f", of which {nearly} would be without the correction"
    if behind := [other for other in to_best if other not in close]:
        named = f": {', '.join(behind)}" if len(behind) <= _MOST else ""
        corrected = f", corrected for all {pairs} pairs of rows" if pairs > 1 else ""
        number = f"{len(behind)} of {len(to_best)} other rows" if len(to_best) > 1 else "the other row"
        text += f"; above {number}{named} (p < {LEVEL}{corrected})"
    return f"{text}."


def _baseline(baseline: str, tested: Verdicts, where: str) -> list[str]:
    """`Against no_attention, 2 of 3 rows gain: from 1.20 [0.80, 1.60] (a) to 31.20 [29.80, 32.50] (b)`."""
    told = _told_apart(tested.to_baseline, f"Against {baseline}{where}", up="gain", down="lose")
    alike = {name: each for name, each in tested.to_baseline.items() if not each.significant}
    return [*told, f"Not told apart from {baseline}{where}: {_listed(alike)}."] if alike else told


def _told_apart(tested: Mapping[str, Verdict], beginning: str, *, up: str, down: str) -> list[str]:
    """`..., 2 of 3 rows gain: from +1.20 [0.80, 1.60] BLEU (a) to +31.20 [29.80, 32.50] BLEU (b)`, and who loses."""
    order = sorted(tested.items(), key=lambda each: each[1].difference.mean)
    told = []
    for word, sign in ((up, 1), (down, -1)):
        found = [(name, each) for name, each in order if each.significant and sign * each.difference.mean > 0]
        texts = [
            f"{each.difference.mean:+.2f} {interval_text(each.difference)} BLEU ({name})"
            for name, each in (found if len(found) <= 2 else [found[0], found[-1]])
        ]
        if found:
            verb, *rest = word.split()
            words = " ".join([f"{verb}s" if len(found) == 1 else verb, *rest])
            told.append(
                f"{beginning}, {len(found)} of {len(order)} row{'s' * (len(order) > 1)} {words}: "
                f"{'from ' * (len(texts) > 1)}{' to '.join(texts)}."
            )
    return told


def _listed(tested: Mapping[str, Verdict]) -> str:
    """`a (p = 0.70), b (p = 0.25) and 3 more`, the nearest first."""
    order = sorted(tested.items(), key=lambda each: -each[1].p_value)
    texts = [f"{name} (p = {_p_text(each.p_value)})" for name, each in order[:_MOST]]
    more = len(order) - len(texts)
    return ", ".join(texts) + (f" and {more} more" if more else "")


def _p_text(value: float) -> str:
    """Two decimals, or as many as show on which side of the level it is."""
    for places in (2, 3):
        if float(text := f"{value:.{places}f}") != LEVEL:
            return text
    return f"{value:.4f}"


def _over_length(rows: Sequence[Row], differences: Differences) -> list[str]:
    """`From short (1 to 9 words) to long (20 words and more), no_attention loses 31.20 [29.80, 32.50] BLEU; ...`."""
    order = sorted(differences.lost.items(), key=lambda each: -each[1].mean)
    if not order:
        return []
    number = len(order)
    if number > _MOST:
        usual = differences.baseline.rows[:1]
        kept = {order[0][0], order[1][0], order[-2][0], order[-1][0], *usual, differences.overall.best}
        order = [(name, each) for name, each in order if name in kept]
    losses = [f"{name} {_change(each)}" for name, each in order]
    ranges = setting(rows[0].records[0].config, "data.length.buckets")
    shortest, longest = (f"{name} ({_words(ranges[name])})" for name in differences.buckets)
    between = f"; {number - len(order)} more between these" if len(order) < number else ""
    return [
        f"From {shortest} to {longest} sources, in BLEU: {'; '.join(losses)}{between}.",
        *_told_apart(
            differences.lost_more,
            f"From {differences.buckets[0]} to {differences.buckets[1]}",
            up=f"lose more than {differences.baseline.told}",
            down=f"lose less than {differences.baseline.told}",
        ),
    ]


def _change(lost: Difference) -> str:
    """`loses 31.20 [29.80, 32.50]`, or `gains` with turned signs."""
    if lost.mean >= 0:
        return f"loses {lost.mean:.2f} {interval_text(lost)}"
    return f"gains {-lost.mean:.2f} {interval_text(replace(lost, low=-lost.high, high=-lost.low))}"


def _words(bounds: object) -> str:
    lowest, highest = read_range(bounds, name="data.length.buckets")
    return f"{lowest} words and more" if highest is None else f"{lowest} to {highest} words"


def _alignment(rows: Sequence[Row]) -> list[str]:
    """`Nearest to the gold alignment: a with AER 0.071 ±0.044; farthest: b with AER 0.903 ±0.000`."""
    known = [(found.mean, row) for row in rows if (found := row.estimate("test/aer")) is not None]
    if len(known) < 2:
        return []
    order = [row for _, row in sorted(known, key=lambda each: each[0])]
    nearest, farthest = (_told(row, "test/aer") for row in (order[0], order[-1]))
    plain = order[0].estimate(LEFT_TO_RIGHT)
    told = f"Nearest to the gold alignment: {nearest}; farthest from it: {farthest}."
    return [told] if plain is None else [told, _beside_left_to_right(rows, plain.mean)]


def _beside_left_to_right(rows: Sequence[Row], plain: float) -> str:
    """`Reading from left to right would have AER 0.363; the 95% interval of 14 of 16 rows is below that`."""
    known = [found for row in rows if (found := row.estimate("test/aer")) is not None]
    sure = [found.mean + found.half_width for found in known if found.half_width is not None]
    number = f"{sum(upper < plain for upper in sure)} of {len(sure)} rows"
    several = " with several seeds" if len(sure) < len(known) else ""
    more = f"; the {CONFIDENCE:.0%} interval of {number}{several} is below that" if sure else ""
    return f"Reading from left to right would have AER {figure_text('aer', plain)}{more}."


def _over_sizes(lines: Lines, grown: Mapping[str, Mapping[str, Verdict]]) -> list[str]:
    """A line for each model, and what its stars mean."""
    told = [_over_size(name, list(line.items()), grown.get(name)) for name, line in lines.items()]
    tested = [each for line in grown.values() for each in line.values()]
    number = len(tested)
    stars = f"Over hidden sizes, * where p < {LEVEL}, corrected for their number, {number} (Holm){marks_told(tested)}."
    return [*told, stars] if number else told


def _over_size(name: str, line: Sequence[tuple[int, Row]], grown: Mapping[str, Verdict] | None) -> str:
    """`luong_dot, from hidden size 64 to 1,024: BLEU long 61.20 ±1.00 to 70.10 ±0.80, +8.90 [7.50, 10.30] *; ...`."""
    (smallest, first), (largest, last) = line[0], line[-1]
    buckets = first.records[0].buckets
    usual = dict.fromkeys(("test/bleu", f"test/bleu/{buckets[0]}", f"test/bleu/{buckets[-1]}"))
    changes = [
        f"{Column(metric).heading} {_figure(first, metric)} to {_figure(last, metric)}"
        + (f", {grown[metric].text()}" if grown else "")
        for metric in grown or usual
        if first.estimate(metric) is not None and last.estimate(metric) is not None
    ]
    gaps = [generalisation_gap(row) for row in (first, last)]
    loss = Column("val/loss")
    if None not in gaps:
        told = (loss.text(gap, runs=0 if gap is None else gap.count) for gap in gaps)
        changes.append(f"validation minus training loss {' to '.join(told)}")
    return f"{name}, from hidden size {smallest:,} to {largest:,}: {'; '.join(changes) or 'no figures'}."


def _told(row: Row, metric: str) -> str:
    return f"{row.name} with {Column(metric).heading} {_figure(row, metric)}"


def _figure(row: Row, metric: str) -> str:
    return Column(metric).text(row.estimate(metric), runs=len(row.records))
