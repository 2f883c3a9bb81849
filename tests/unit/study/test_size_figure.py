from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.axes import Axes

from attnlab.evaluation.intervals import Estimate
from attnlab.study.records import Record
from attnlab.study.rows import rows_of
from attnlab.study.size_figure import draw_sizes, generalisation_gap, lines_over_sizes, training_loss

MakeRun = Callable[..., Path]
Read = Callable[[], list[Record]]
Drawn = Callable[[Axes], dict[str, list[tuple[float, float]]]]


def make(
    make_run: MakeRun, model: str, size: int, seed: int, *, length: object = None, **metrics: float | None
) -> None:
    figures = {name.replace("_", "/", 1): value for name, value in metrics.items()}
    settings = {"model.hidden_size": size, "data.length.train": length}
    make_run(f"{model}{size}{seed}{length}", model, seed, config=settings, metrics=figures)


def test_a_line_holds_the_sizes_of_one_model_and_setting(make_run: MakeRun, records: Read) -> None:
    for size in (256, 64):
        for length in ([1, 9], [10, None]):
            make(make_run, "luong_dot", size, 1, length=length)
    make(make_run, "no_attention", 64, 1)
    lines = lines_over_sizes(rows_of(records()))
    assert {name: list(line) for name, line in lines.items()} == {
        "luong_dot length.train=[1,9]": [64, 256],
        "luong_dot length.train=[10,null]": [64, 256],
    }


def test_sizes_that_are_set_in_other_ways_are_lines_of_their_own(make_run: MakeRun, records: Read) -> None:
    for size, memory in ((64, 64), (128, 128), (64, 256), (128, 256)):
        settings = {"model.hidden_size": size, "model.network.decoder_hidden_size": memory}
        make_run(f"{size}{memory}", config=settings)
    lines = lines_over_sizes(rows_of(records()))
    assert {name: list(line) for name, line in lines.items()} == {
        "luong_dot": [64, 128],
        "luong_dot decoder_hidden_size=256": [64, 128],
    }


def test_the_gap_is_paired_by_seed(make_run: MakeRun, records: Read) -> None:
    """Gaps 0.5 and 0.5, though the losses differ; the third seed knows only one loss."""
    for seed, (training, validation) in enumerate([(1.0, 1.5), (2.0, 2.5), (1.0, None)], start=1):
        make(make_run, "luong_dot", 64, seed, train_nll=training, train_loss=9.0, val_loss=validation)
    make(make_run, "luong_dot", 128, 1, train_loss=3.0)
    small, large = rows_of(records())
    small, large = (small, large) if len(small.records) == 3 else (large, small)
    assert generalisation_gap(small) == Estimate(0.5, 0.0, 2)
    assert generalisation_gap(large) is None
    assert training_loss(large) == Estimate(3.0, None, 1)


def test_six_panels_over_a_logarithmic_axis(make_run: MakeRun, records: Read, drawn: Drawn) -> None:
    for size in (64, 128, 256):
        make(make_run, "luong_dot", size, 1, test_bleu=size / 4, train_nll=64 / size, val_loss=1.0)
    panels = draw_sizes(lines_over_sizes(rows_of(records()))).axes
    titles = [axes.get_title() for axes in panels]
    assert titles[:4] == ["test BLEU", "", "", "training loss"]  # no run knows BLEU of short and long sources
    assert [axes.get_visible() for axes in panels[:4]] == [True, False, False, True]
    assert panels[5].get_title() == "validation minus training loss"
    assert [gap for _, gap in drawn(panels[5])["luong_dot"]] == pytest.approx([0.0, 0.5, 0.75])
    assert all(axes.get_xscale() == "log" for axes in panels)
