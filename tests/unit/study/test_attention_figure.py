from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from attnlab.errors import DataError
from attnlab.study.attention_figure import Example, attending, choose_example, draw_attention
from attnlab.study.records import Record
from attnlab.study.rows import rows_of
from attnlab.study.sentences import Sentences, read_sentences

MakeRun = Callable[..., Path]
Read = Callable[[], list[Record]]

PAIRS = [
    ("one", "eins", "0-0"),
    ("a b c d e f g h", "A B C D E F G H", "0-0 1-1 7-7"),
    ("b a d c f e h g i", "A B C D E F G H I", "0-1 1-0 2-3 3-2"),
]


def example_of(make_run: MakeRun, records: Read, *pairs: tuple[str, str, str | None]) -> Example:
    """What is chosen from these sources, references and links."""
    make_run("a", translations=[(source, reference, "x") for source, reference, _ in pairs], gold=[p[2] for p in pairs])
    sentences = read_sentences(records())
    assert isinstance(sentences, Sentences)
    return choose_example(sentences)


def test_the_sentence_that_changes_its_order_most_is_chosen(make_run: MakeRun, records: Read) -> None:
    chosen = example_of(make_run, records, *PAIRS)
    assert chosen == Example(*PAIRS[2][:2], frozenset({(0, 1), (1, 0), (2, 3), (3, 2)}))


def test_without_gold_alignments_it_is_the_first_of_readable_length(make_run: MakeRun, records: Read) -> None:
    chosen = example_of(make_run, records, *((source, reference, None) for source, reference, _ in PAIRS))
    assert chosen == Example(*PAIRS[1][:2], frozenset())


def test_spoilt_links_are_named(make_run: MakeRun, records: Read) -> None:
    with pytest.raises(
        DataError, match=r"but gold of 'one' in translations\.jsonl holds 1-0 for 1 source and 1 target"
    ):
        example_of(make_run, records, ("one", "eins", "1-0"))


def test_rows_with_attention_and_weights_at_most_sixteen(make_run: MakeRun, records: Read) -> None:
    for number in range(19):
        folder = make_run(f"{number:02}", f"m{number:02}", metrics={"test/attention_entropy": 1.0})
        (folder / "checkpoints").mkdir()
        (folder / "checkpoints" / "model.ckpt").touch()
    make_run("none", "no_attention")
    make_run("lost", "m99", metrics={"test/attention_entropy": 1.0})
    assert [row.name for row in attending(rows_of(records()))] == [*(f"m{number:02}" for number in range(15)), "m18"]


def test_panels_share_their_words_and_outline_gold_links() -> None:
    example = Example("a $b$ c", "x y", frozenset({(0, 1), (1, 0)}))
    panels = {f"row {number}": torch.rand(2, 4) for number in range(5)}
    every = draw_attention(panels, example).axes
    shown = [axes for axes in every if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == list(panels)
    assert [[patch.get_xy() for patch in axes.patches] for axes in shown] == [[(-0.5, 0.5), (0.5, -0.5)]] * 5  # type: ignore[attr-defined]
