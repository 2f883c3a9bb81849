"""What one sentence looks like in every model: the attention to its reference, side by side."""

from collections.abc import Sequence
from textwrap import fill
from typing import Final, NamedTuple

import torch
from jaxtyping import Float
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from attnlab.data.batch import collate
from attnlab.data.lengths import word_count
from attnlab.data.pharaoh import Link, read_gold
from attnlab.evaluation.pictures import font_families, label_words, printable
from attnlab.evaluation.words import word_weights
from attnlab.experiment.layout import TRANSLATIONS_FILE, weights_file
from attnlab.experiment.run_folder import load_run
from attnlab.study.rows import Row
from attnlab.study.sentences import Sentences
from attnlab.text.special import EOS, SPECIAL_TOKENS

MOST: Final = 16
"""Models in one figure: loading each takes about half a second."""
_LENGTHS: Final = range(8, 13)
"""Words of a source that fits sixteen times on a page."""
_COLUMNS: Final = 4
_TITLE: Final = 30
"""Letters of a title in one line."""


class Example(NamedTuple):
    """A test sentence, and which words of it belong together; no links where nobody knows them."""

    source: str
    reference: str
    gold: frozenset[Link]


Panels = dict[str, Float[Tensor, "target source"]]
"""Row -> weights of each reference word over the source words and EOS."""


def choose_example(sentences: Sentences) -> Example:
    """The sentence of readable length whose words change their order most, or the first one without gold alignments.

    Raises:
        DataError: the links of a sentence are spoilt.
    """
    fitting = [place for place, length in enumerate(sentences.lengths) if length in _LENGTHS]
    examples = [
        Example(source, reference, _links(sentences.gold[place] or "", source, reference))
        for place in fitting or [min(range(len(sentences.lengths)), key=lambda each: sentences.lengths[each])]
        for source, reference in [(sentences.sources[place], sentences.references[place])]
    ]
    return max(examples, key=lambda example: _crossings(example.gold))


def _links(text: str, source: str, reference: str) -> frozenset[Link]:
    sizes = {"source_size": word_count(source), "target_size": word_count(reference)}
    return read_gold(text, **sizes, place=f"gold of {source!r} in {TRANSLATIONS_FILE}").sure


def _crossings(links: frozenset[Link]) -> int:
    """Pairs of links that cross: 0 where the translation keeps the order of the words."""
    return sum(first[0] < second[0] and first[1] > second[1] for first in links for second in links)


def attending(rows: Sequence[Row]) -> list[Row]:
    """The first row of each model that has an attention and its weights on disk; of one model alone, all rows.

    At most `MOST`, the last one among them.
    """
    found = [
        row
        for row in rows
        if row.records[0].known("test/attention_entropy") is not None and weights_file(row.records[0].folder).exists()
    ]
    if len(first := {row.model: row for row in reversed(found)}) > 1:
        found = [row for row in found if first[row.model] is row]
    return found if len(found) <= MOST else [*found[: MOST - 1], found[-1]]


def read_panels(rows: Sequence[Row], example: Example) -> Panels:
    """The attention of the first seed of each row while it reads the reference.

    Raises:
        RunError: files of a run are missing or damaged.
    """
    panels = {}
    for row in rows:
        run = load_run(row.records[0].folder)
        source, target = run.tokenizers.source, run.tokenizers.target
        batch = collate([source.encode_batch([example.source])[0]], [target.encode_batch([example.reference])[0]], [0])
        with torch.inference_mode():
            weights = run.model(batch.source, batch.source_lengths, batch.target[:, :-1]).weights
        if weights is not None:
            words = source.word_indices(example.source), target.word_indices(example.reference)
            panels[row.name] = word_weights(weights[0].float(), *words)
    return panels


def draw_attention(panels: Panels, example: Example) -> Figure:
    """One heat map for each row, all with the same words and colours; gold links are outlined."""
    source, target = [*example.source.split(), SPECIAL_TOKENS[EOS]], example.reference.split()
    columns = min(_COLUMNS, len(panels))
    lines = -(-len(panels) // columns)
    size = 2.3 * columns + 1.1, (2.3 * len(target) / len(source) + 0.35) * lines + 1.0
    figure = Figure(figsize=size, dpi=120, layout="constrained")
    every = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True)
    for axes, (name, weights) in zip(every.flat, panels.items(), strict=False):
        axes.imshow(weights.numpy(), cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=1), aspect="auto")
        axes.set_title(fill(printable(name), _TITLE), fontsize=9, family=font_families(), parse_math=False)
        for column, row in sorted(example.gold):
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor="#D55E00", linewidth=1.1))
        axes.tick_params(length=0)
    for axes in every.flat[len(panels) :]:
        axes.set_visible(False)
    for axes in every[:, 0]:
        label_words(axes.yaxis, target, fontsize=7)
    for place in range(columns):
        lowest = every[-1, place] if every[-1, place].get_visible() else every[-2, place]
        label_words(lowest.xaxis, source, fontsize=7)
        lowest.tick_params(axis="x", labelbottom=True, rotation=90)
    return figure
