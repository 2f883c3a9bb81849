from collections.abc import Callable
from pathlib import Path

import pytest

from attnlab.study.figures import draw_figures, save_figures
from attnlab.study.records import Record
from attnlab.study.rows import rows_of
from attnlab.study.sentences import read_sentences

MakeRun = Callable[..., Path]
Read = Callable[[], list[Record]]


def test_what_cannot_be_drawn_is_left_out_with_its_reason(make_run: MakeRun, records: Read) -> None:
    make_run("a")
    rows = rows_of(records())
    drawings = draw_figures(rows, "nothing is known", always=[])
    assert {drawing.name: drawing.text for drawing in drawings if drawing.figure is None} == {
        "bleu_by_length": "nothing is known.",
        "hidden_sizes": "no two rows differ in nothing but model.hidden_size.",
        "learning_curves": "no run has left a train.log with epochs.",
        "attention": "nothing is known.",
    }


LOG = """12:00:00 INFO luong_dot on grammar, seed 1: 10 parameters
12:00:30 INFO epoch 0, step 5: val/bleu 50.0, val/loss 1.0
"""


@pytest.mark.parametrize("seeds", [1, 2])
def test_what_is_below_a_figure_is_true_of_it(make_run: MakeRun, records: Read, seeds: int) -> None:
    for size in (64, 128):
        for seed in range(seeds):
            figures = {"test/bleu": 1.0, "val/sentences": float(size)}
            make_run(f"{size}{seed}", seed=seed, metrics=figures, config={"model.hidden_size": size}, log=LOG)
    rows = rows_of(records())
    _, sizes, learning, _ = draw_figures(rows, "unknown", always=[])
    begin = "One seed, without intervals. " if seeds == 1 else "Mean over seeds with its 95% interval. "
    assert sizes.text.startswith(begin)
    assert learning.text.startswith(begin)
    assert learning.text.endswith(" Rows were validated on different sentences: their heights are not comparable.")
    assert not draw_figures(rows[:1], "unknown", always=[])[2].text.endswith("comparable.")


def test_figures_of_an_earlier_report_do_not_stay(make_run: MakeRun, records: Read) -> None:
    for size in (64, 128):
        make_run(str(size), metrics={"test/bleu": float(size)}, config={"model.hidden_size": size})
    rows = rows_of(records())
    for shown in (rows, rows[:1]):
        save_figures(Path("report"), draw_figures(shown, "unknown", always=[]))
        found = {path.name for path in Path("report").iterdir()}
        assert found == ({"hidden_sizes.png", "hidden_sizes.svg"} if shown is rows else set())


def test_a_damaged_checkpoint_leaves_one_figure_out(make_run: MakeRun, records: Read) -> None:
    texts = [("a b c", "x y z", "x y z")] * 3
    folder = make_run("a", metrics={"test/attention_entropy": 1.0}, translations=texts)
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "model.ckpt").touch()
    rows = rows_of(found := records())
    *_, attention = draw_figures(rows, read_sentences(found), always=[])
    assert attention.figure is None
    assert "a/composed.yaml" in attention.text
