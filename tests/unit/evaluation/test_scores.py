import math

import pytest
import sacrebleu

from attnlab.errors import ConfigError, DataError, ShapeError
from attnlab.evaluation.scores import TextScores

REFERENCES = [
    "der alte Mann sieht den Hund .",
    "die Frau , die das Kind sieht , lacht .",
    "ein Haus steht am See .",
]
HYPOTHESES = [
    "der alte Mann sieht den Hund .",
    "die Frau sieht das Kind und lacht .",
    "",
]


@pytest.fixture
def scores() -> TextScores:
    return TextScores(tokenize="none", lowercase=False)


def test_bleu_by_hand(scores: TextScores) -> None:
    # 5 tokens against 5, one wrong at the end: precisions 4/5, 3/4, 2/3, 1/2 and no brevity penalty.
    expected = 100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** (1 / 4)
    assert scores(["a b c d x"], ["a b c d e"])["bleu"] == pytest.approx(expected)


def test_brevity_penalty_by_hand(scores: TextScores) -> None:
    # Every n-gram of 4 tokens is right, but the reference has 5: exp(1 - 5/4).
    assert scores(["a b c d"], ["a b c d e"])["bleu"] == pytest.approx(100 * math.exp(1 - 5 / 4))


def test_ter_by_hand(scores: TextScores) -> None:
    # "c a b" needs one shift of c, "d e x" one substitution: two edits over six reference words.
    assert scores(["c a b", "d e x"], ["a b c", "d e f"])["ter"] == pytest.approx(100 * 2 / 6)


def test_every_figure_is_sacrebleus(scores: TextScores) -> None:
    figures = scores(HYPOTHESES, REFERENCES)
    assert figures == {
        "bleu": sacrebleu.corpus_bleu(HYPOTHESES, [REFERENCES], tokenize="none", force=True).score,
        "chrf": sacrebleu.corpus_chrf(HYPOTHESES, [REFERENCES]).score,
        "ter": sacrebleu.corpus_ter(HYPOTHESES, [REFERENCES], case_sensitive=True).score,
        "exact_match": 1 / 3,
    }


def test_a_group_scores_as_a_corpus_of_its_own(scores: TextScores) -> None:
    groups = {"first": [0, 1], "last": [2], "shuffled": [1, 0]}
    figures = scores.by_group(HYPOTHESES, REFERENCES, groups)
    for name, rows in groups.items():
        assert figures[name] == scores([HYPOTHESES[row] for row in rows], [REFERENCES[row] for row in rows])
    assert figures["first"] == figures["shuffled"]
    assert scores.bleu_by_group(HYPOTHESES, REFERENCES, groups)["first"] == {"bleu": figures["first"]["bleu"]}


def test_a_perfect_corpus_and_an_empty_one(scores: TextScores) -> None:
    assert scores(REFERENCES, REFERENCES) == pytest.approx({"bleu": 100, "chrf": 100, "ter": 0, "exact_match": 1})
    assert scores([""] * 3, REFERENCES) == {"bleu": 0, "chrf": 0, "ter": 100, "exact_match": 0}


def test_exact_match_overlooks_white_space_only(scores: TextScores) -> None:
    assert scores(["a  b ", "a b", "A b"], ["a b", "ab", "a b"])["exact_match"] == pytest.approx(1 / 3)


def test_case_counts_unless_lowercase() -> None:
    cased = TextScores(tokenize="13a", lowercase=False)(["DAS HAUS AM SEE"], ["das Haus am See"])
    folded = TextScores(tokenize="13a", lowercase=True)(["DAS HAUS AM SEE"], ["das Haus am See"])
    assert cased["bleu"] < 1
    assert cased["ter"] == 100
    assert cased["exact_match"] == 0
    assert folded == pytest.approx({"bleu": 100, "chrf": 100, "ter": 0, "exact_match": 1})


def test_the_tokenizer_matters() -> None:
    raw = ["Ein Hund läuft im Park."]
    split = ["Ein Hund läuft im Park ."]
    assert TextScores(tokenize="13a", lowercase=False)(raw, split)["bleu"] == pytest.approx(100)
    assert TextScores(tokenize="none", lowercase=False)(raw, split)["bleu"] < 100


def test_effective_order_scores_short_corpora(scores: TextScores) -> None:
    assert scores(["ja"], ["ja"])["bleu"] == 0
    effective = TextScores(tokenize="none", lowercase=False, effective_order=True)
    assert effective(["ja"], ["ja"])["bleu"] == pytest.approx(100)


def test_signatures_name_what_was_done() -> None:
    signatures = TextScores(tokenize="none", lowercase=True).signatures()
    assert set(signatures) == {"bleu", "chrf", "ter"}
    assert signatures["bleu"].startswith("nrefs:1|case:lc|eff:no|tok:none|smooth:exp|version:")
    assert "case:mixed" in TextScores(tokenize="13a", lowercase=False).signatures()["ter"]


def test_tokenised_text_draws_no_warning(scores: TextScores, caplog: pytest.LogCaptureFixture) -> None:
    scores(["a b ."] * 200, ["a b ."] * 200)
    assert not caplog.records


def test_an_unknown_tokenizer_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"data.scoring.tokenize .* got 'moses': choose one of .*13a.*none"):
        TextScores(tokenize="moses", lowercase=False)


def test_numbers_must_agree(scores: TextScores) -> None:
    with pytest.raises(ShapeError, match="2 hypotheses and 1 references"):
        scores(["a", "b"], ["a"])


def test_nothing_cannot_be_scored(scores: TextScores) -> None:
    with pytest.raises(DataError, match="needs at least one sentence, but the group all has none"):
        scores([], [])
