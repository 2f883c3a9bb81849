from collections.abc import Callable
from pathlib import Path

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
