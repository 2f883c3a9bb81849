from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.colors import PowerNorm
from matplotlib.patches import Rectangle
from rich.cells import cell_len

from attnlab.errors import ShapeError
from attnlab.evaluation.heatmap import draw_heatmap, render_heatmap
from attnlab.evaluation.pictures import picture, save_figure

SOURCE = ["the", "old", "man", "</s>"]
TARGET = ["der", "Übergroße", "</s>"]
WEIGHTS = torch.tensor([[0.9, 0.1, 0.0, 0.0], [0.04, 0.36, 0.6, 0.0], [0.0, 0.0, 0.0, 1.0]])


def test_the_picture_holds_the_weights_and_both_sentences() -> None:
    axes = draw_heatmap(WEIGHTS, SOURCE, TARGET).axes[0]
    (image,) = axes.images
    assert np.array_equal(np.asarray(image.get_array()), WEIGHTS.numpy())
    assert isinstance(image.norm, PowerNorm)
    assert (image.norm.vmin, image.norm.vmax) == (0, 1)
    assert [label.get_text() for label in axes.get_xticklabels()] == SOURCE
    assert [label.get_text() for label in axes.get_yticklabels()] == TARGET


def test_gold_links_are_outlined_where_they_belong() -> None:
    axes = draw_heatmap(WEIGHTS, SOURCE, TARGET, gold={(2, 1), (0, 0)}).axes[0]
    corners = {patch.get_xy() for patch in axes.patches if isinstance(patch, Rectangle)}
    assert corners == {(1.5, 0.5), (-0.5, -0.5)}  # source position across, target position down
    assert axes.get_xlabel() == "outlined: gold alignment"


def test_possible_links_are_dashed() -> None:
    axes = draw_heatmap(WEIGHTS, SOURCE, TARGET, gold={(0, 0)}, possible={(0, 0), (1, 2)}).axes[0]
    lines = {patch.get_xy(): patch.get_linestyle() for patch in axes.patches if isinstance(patch, Rectangle)}
    assert lines == {(-0.5, -0.5): "solid", (0.5, 1.5): "dashed"}
    assert axes.get_xlabel() == "outlined: gold alignment (dashed: possible)"


def test_the_picture_grows_with_the_sentence() -> None:
    small = draw_heatmap(torch.ones(5, 5), ["w"] * 5, ["w"] * 5).get_size_inches()
    large = draw_heatmap(torch.ones(60, 60), ["w"] * 60, ["w"] * 60).get_size_inches()
    assert (large > 3 * small).all()
    wide = draw_heatmap(torch.ones(5, 60), ["w"] * 60, ["w"] * 5).get_size_inches()
    assert wide[0] > 3 * wide[1]


def test_any_text_is_drawn_as_it_is(tmp_path: Path) -> None:
    """Dollars are no formulas, and letters no font has are no warning."""
    words = ["$a_1$", "$", "狗", "שלום", "a\tb", "", "\N{DOG FACE}", "größte\n"]
    figure = draw_heatmap(torch.eye(8), words, words)
    assert save_figure(figure, tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in save_figure(figure, tmp_path / "a.svg").read_bytes()
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()][:2] == ["$a_1$", "$"]


def test_half_precision_weights_are_drawn() -> None:
    assert picture(draw_heatmap(torch.ones(1, 1, dtype=torch.bfloat16), ["a"], ["b"]), "png")
    assert render_heatmap(torch.ones(1, 1, dtype=torch.bfloat16), ["a"], ["b"], width=80)


def test_the_text_by_hand() -> None:
    # Shades are even steps of the root: 0.04 -> 0.2 -> step 1, 0.36 -> 0.6 -> 2, 0.6 -> 0.77 -> 3, 0.9 -> 0.95 -> 4.
    assert render_heatmap(WEIGHTS, SOURCE, TARGET, width=80).split("\n") == [
        "der        1:the 0.90  2:old 0.10",
        "Übergroße  3:man 0.60  2:old 0.36  1:the 0.04",
        "</s>       4:</s> 1.00",
        "",
        "             1  2  3  4",
        "der        ███░░░",
        "Übergroße  ░░░▒▒▒▓▓▓",
        "</s>                ███",
    ]


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("word", ["man", "狗", "Donaudampfschifffahrtsgesellschaft"])
def test_lines_keep_to_the_width_and_columns_below_each_other(width: int, word: str) -> None:
    weights = torch.full((3, 60), 1 / 60)
    lines = render_heatmap(weights, [word] * 60, [word, "x", "狗狗"], width=width).split("\n")
    assert max(map(cell_len, lines)) <= width
    shaded = [line for line in lines if "░" in line]
    assert sum(line.count("░") for line in shaded) == 3 * 60 * 3
    starts = {cell_len(line[: line.index("░")]) for line in shaded}
    assert len(starts) == 1


def test_nothing_in_a_word_moves_the_cursor() -> None:
    text = render_heatmap(torch.ones(1, 2) / 2, ["a\nb", "\x1b[31m"], ["\t"], width=80)
    assert "a□b" in text
    assert "\x1b" not in text
    assert "\t" not in text


@pytest.mark.parametrize("draw", [draw_heatmap, lambda *all: render_heatmap(*all, width=80)])
def test_labels_must_fit(draw) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ShapeError, match=r"\(3, 4\) came with 3 target and 3 source words: count EOS alike"):
        draw(WEIGHTS, SOURCE[:3], TARGET)
    with pytest.raises(ShapeError, match=r"at least one of both"):
        draw(torch.ones(0, 4), SOURCE, [])
