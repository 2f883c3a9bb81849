"""Which figures a comparison has, what is said below each, and why one is left out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from matplotlib.figure import Figure

from attnlab.errors import AttnlabError
from attnlab.evaluation.intervals import CONFIDENCE
from attnlab.evaluation.pictures import save_figure
from attnlab.experiment.layout import LOG_FILE
from attnlab.study.attention_figure import MOST, Example, attending, choose_example, draw_attention, read_panels
from attnlab.study.learning_figure import courses_of, draw_learning
from attnlab.study.length_figure import SHOWN, by_training_lengths, draw_lengths, seen_lengths
from attnlab.study.provenance import relative_path, validated
from attnlab.study.rows import Row
from attnlab.study.sentences import Sentences
from attnlab.study.size_figure import draw_sizes, lines_over_sizes
from attnlab.study.styles import Style, styles_of

FORMS: Final = ("png", "svg")


class Drawing(NamedTuple):
    """A figure, or why there is none.

    Attributes:
        name: of its files, without suffix.
        title: what it shows.
        text: how it is read; without a figure, why it is left out.
        figure: None if it is left out.
    """

    name: str
    title: str
    text: str
    figure: Figure | None


def draw_figures(rows: Sequence[Row], sentences: Sentences | str, *, always: Sequence[str]) -> list[Drawing]:
    """All figures in the order of the report.

    Args:
        rows: best first.
        sentences: of the test, or why they cannot be had.
        always: names of rows that are told apart in any case.
    """
    styles = styles_of([row.name for row in rows], always=always)
    return [
        _lengths(rows, sentences, styles),
        _sizes(rows),
        _learning(rows, styles),
        _attention(rows, sentences),
    ]


def save_figures(folder: Path, drawings: Sequence[Drawing]) -> None:
    """Each as PNG and SVG.

    Raises:
        RunError: the folder cannot be written to.
    """
    for drawing in drawings:
        for form in FORMS:
            path = folder / f"{drawing.name}.{form}"
            if drawing.figure is None:
                path.unlink(missing_ok=True)  # of an earlier report
            else:
                save_figure(drawing.figure, path)
                drawing.figure.set_layout_engine("none")  # as the first form has laid it out


def _lengths(rows: Sequence[Row], sentences: Sentences | str, styles: dict[str, Style]) -> Drawing:
    name, title = "bleu_by_length", "BLEU against source length"
    if isinstance(sentences, str):
        return Drawing(name, title, f"{sentences}.", None)
    known = any(trained or seen_lengths(own) for trained, own in by_training_lengths(rows).items())
    shaded = "Shaded: lengths that training has seen." if known else "Which lengths training has seen is not shown."
    shown, over = ("Mean over seeds", "sentences and seeds") if _several(rows) else ("One seed", "sentences")
    means = f"{shown} with its {CONFIDENCE:.0%} interval over {over}, for sources of like length."
    edge = f"{SHOWN:.1%} of the sentences lie within the axis; the last point has the longest ones, too."
    return Drawing(name, title, f"{means} {shaded} {edge}", draw_lengths(rows, sentences, styles))


def _several(rows: Sequence[Row]) -> bool:
    return any(len(row.records) > 1 for row in rows)


def _means(rows: Sequence[Row]) -> str:
    return f"Mean over seeds with its {CONFIDENCE:.0%} interval." if _several(rows) else "One seed, without intervals."


def _sizes(rows: Sequence[Row]) -> Drawing:
    name, title = "hidden_sizes", "Hidden size"
    lines = lines_over_sizes(rows)
    if not lines:
        return Drawing(name, title, "no two rows differ in nothing but model.hidden_size.", None)
    text = (
        f"{_means(rows)} Losses of the last epoch, data.length.validation says which sources validation reads; that of "
        "training is taken while the model learns, with dropout if it has any, which makes the gap smaller than it is. "
        "Overfitting is where the validation loss rises with the size while the training loss falls."
    )
    return Drawing(name, title, text, draw_sizes(lines))


def _learning(rows: Sequence[Row], styles: dict[str, Style]) -> Drawing:
    name, title = "learning_curves", "Learning curves"
    courses = courses_of(rows)
    if not courses:
        return Drawing(name, title, f"no run has left a {LOG_FILE} with epochs.", None)
    text = (
        f"{_means(rows)} A point is the end of an epoch, and a line ends where the first of its runs does. Time is "
        "that of the clock, validation counted."
    )
    if len(validated(rows)) > 1:
        text += " Rows were validated on different sentences: their heights are not comparable."
    return Drawing(name, title, text, draw_learning(courses, styles))


def _attention(rows: Sequence[Row], sentences: Sentences | str) -> Drawing:
    name, title = "attention", "One sentence in each model"
    if isinstance(sentences, str):
        return Drawing(name, title, f"{sentences}.", None)
    shown = attending(rows)
    if not shown:
        return Drawing(name, title, "no row has attention and its weights on this machine.", None)
    try:
        example = choose_example(sentences)
        panels = read_panels(shown, example)
    except AttnlabError as error:
        return Drawing(name, title, str(error), None)
    return Drawing(name, title, _attention_text(rows, shown, example), draw_attention(panels, example))


def _attention_text(rows: Sequence[Row], shown: Sequence[Row], example: Example) -> str:
    others = [row.name for row in rows if row not in shown]
    outlined = " Outlined: the gold alignment." if example.gold else ""
    told = ", ".join(others) if len(others) <= MOST else f"{len(others)} rows"
    missing = f" Without a picture: {told}." if others else ""
    run = relative_path(shown[0].records[0].folder)
    return (
        f"The weights of each word of the reference over the source “{example.source}”, in the first seed of each row; "
        f"the colour runs with the square root of the weight, from 0 to 1.{outlined}{missing} Any other sentence: "
        f'python translate.py run={run} attention=heatmap.png "{example.source}".'
    )
