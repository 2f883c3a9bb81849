from collections.abc import Callable
from pathlib import Path

import pytest

from attnlab.errors import RunError
from attnlab.evaluation.scores import TextScores
from attnlab.study.records import Record
from attnlab.study.sentences import Sentences, read_sentences

MakeRun = Callable[..., Path]
Read = Callable[[], list[Record]]
SAID = [
    ("one two", "eins zwei drei vier .", "eins zwei drei vier ."),
    ("three", "die Katze sieht den alten Hund .", "die Katze sieht einen alten Hund ."),
    ("four five six", "der Mann lacht , weil er singt", "der Mann lacht"),
]


def test_bleu_of_a_selection_is_that_of_the_text_scores(make_run: MakeRun, records: Read) -> None:
    """The oracle scores the same sentences as a corpus of their own."""
    make_run("a", translations=SAID)
    make_run("b", "no_attention", translations=[(source, reference, "der Mann .") for source, reference, _ in SAID])
    found = records()
    sentences = read_sentences(found)
    assert isinstance(sentences, Sentences)
    assert sentences.lengths == [2, 1, 3]
    oracle = TextScores(tokenize="none", lowercase=False)
    for rows in ([0, 1, 2], [1, 2], [0]):
        hypotheses, references = [SAID[row][2] for row in rows], [SAID[row][1] for row in rows]
        assert sentences.bleu(found[0], rows) == pytest.approx(oracle(hypotheses, references)["bleu"], abs=1e-9)
    assert sentences.bleu(found[1], [0, 1, 2]) == pytest.approx(
        oracle(["der Mann ."] * 3, [s[1] for s in SAID])["bleu"]
    )


def test_what_is_missing_is_told(make_run: MakeRun, records: Read) -> None:
    make_run("a", translations=SAID)
    make_run("b", seed=2)
    assert read_sentences(records()) == "1 of 2 runs have no translations.jsonl (the first: b)"


@pytest.mark.parametrize(("left", "expected"), [(2, 3), (0, 1)])
def test_a_file_that_lost_lines_is_refused(make_run: MakeRun, records: Read, left: int, expected: int) -> None:
    folder = make_run("a", translations=SAID, metrics={"test/sentences": None if left == 0 else 3.0})
    lines = (folder / "translations.jsonl").read_text("utf-8").splitlines(keepends=True)
    (folder / "translations.jsonl").write_text("".join(lines[:left]), "utf-8")
    with pytest.raises(
        RunError, match=rf"a line for each test sentence, but in a it has {left} for {expected}: restor"
    ):
        read_sentences(records())


def test_links_are_those_of_the_first_run_that_knows_them(make_run: MakeRun, records: Read) -> None:
    make_run("a", translations=SAID)
    make_run("b", seed=2, translations=SAID, gold=["0-0", "", "1-1"])
    sentences = read_sentences(records())
    assert isinstance(sentences, Sentences)
    assert sentences.gold == ["0-0", "", "1-1"]


@pytest.mark.parametrize(("others", "line"), [(SAID[::-1], 1), (SAID[:2], 3), ([*SAID, SAID[0]], 4)])
def test_other_sentences_are_refused(
    make_run: MakeRun, records: Read, others: list[tuple[str, str, str]], line: int
) -> None:
    make_run("a", translations=SAID)
    make_run("b", seed=3, translations=others)
    with pytest.raises(RunError, match=rf"but translations.jsonl of a and b differ first in line {line}: compare thes"):
        read_sentences(records())


def test_bleu_with_effective_order_is_not_taken_for_the_usual_one(make_run: MakeRun, records: Read) -> None:
    make_run("a", translations=SAID, config={"data.scoring.effective_order": True})
    assert read_sentences(records()) == "BLEU of these runs has effective_order=true, and such BLEU is not tested here"
