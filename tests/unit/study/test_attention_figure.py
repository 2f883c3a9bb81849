from collections.abc import Callable
from pathlib import Path

import torch

from attnlab.data.grammar.sampling import sample_pairs
from attnlab.study.attention_figure import Example, attending, choose_example, draw_attention
from attnlab.study.records import Record
from attnlab.study.rows import rows_of
from attnlab.study.sentences import Sentences, read_sentences

MakeRun = Callable[..., Path]
Read = Callable[[], list[Record]]

LENGTHS = {"minimum": 3, "maximum": 20, "mean": 9}
CORPUS = {
    "_target_": "attnlab.data.grammar.corpus.GrammarCorpus",
    "seed": 0,
    "train_size": 36000,
    "test_size": 15,
    "lengths": LENGTHS,
    "source_language": "en",
}


def test_the_sentence_that_changes_its_order_most_is_chosen(make_run: MakeRun, records: Read) -> None:
    pairs = list(sample_pairs(seed=0, split="test", size=15, lengths=LENGTHS))
    make_run("a", translations=[(*pair[:2], pair.target) for pair in pairs], config={"data.corpus": CORPUS})
    (record,) = records()
    sentences = read_sentences([record])
    assert isinstance(sentences, Sentences)
    chosen = choose_example(sentences, record)
    (pair,) = (pair for pair in pairs if pair.source == chosen.source)
    assert (chosen.reference, len(chosen.source.split()) in range(8, 13)) == (pair.target, True)
    assert chosen.gold == {(int(a), int(b)) for a, b in (link.split("-") for link in pair.alignment.split())}
    assert any(a < c and b > d for a, b in chosen.gold for c, d in chosen.gold)


def test_of_another_corpus_no_links_are_known(make_run: MakeRun, records: Read) -> None:
    corpus = {**CORPUS, "_target_": "attnlab.data.files.Files"}
    make_run("a", translations=[("one two three", "eins zwei drei", "x")], config={"data.corpus": corpus})
    (record,) = records()
    sentences = read_sentences([record])
    assert isinstance(sentences, Sentences)
    assert choose_example(sentences, record) == Example("one two three", "eins zwei drei", frozenset())


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
