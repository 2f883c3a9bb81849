"""Declension against paradigms written by hand."""

import pytest

from attnlab.data.grammar.german import (
    PRONOUNS,
    Case,
    Ending,
    Gender,
    adjective,
    contract,
    definite,
    der_word,
    ein_word,
    noun,
    relative,
)  # fmt: skip
from attnlab.data.grammar.nouns import BY_ENGLISH

ROWS = (Case.NOMINATIVE, Case.ACCUSATIVE, Case.DATIVE)
COLUMNS = (Gender.MASCULINE, Gender.FEMININE, Gender.NEUTER, Gender.PLURAL)


def grid(text: str) -> list[tuple[Case, Gender, str]]:
    cells = [row.split() for row in text.strip().splitlines()]
    return [
        (case, gender, cell)
        for case, row in zip(ROWS, cells, strict=True)
        for gender, cell in zip(COLUMNS, row, strict=True)
    ]


@pytest.mark.parametrize(("case", "gender", "form"), grid("der die das die\nden die das die\ndem der dem den"))
def test_definite_article(case: Case, gender: Gender, form: str) -> None:
    assert definite(case, gender) == form


@pytest.mark.parametrize(("case", "gender", "form"), grid("der die das die\nden die das die\ndem der dem denen"))
def test_relative_pronoun(case: Case, gender: Gender, form: str) -> None:
    assert relative(case, gender) == form


@pytest.mark.parametrize(
    ("case", "gender", "form"),
    grid("kein keine kein keine\nkeinen keine kein keine\nkeinem keiner keinem keinen"),
)
def test_ein_words(case: Case, gender: Gender, form: str) -> None:
    assert ein_word("kein", case, gender) == form


@pytest.mark.parametrize(
    ("case", "gender", "form"),
    grid("dieser diese dieses diese\ndiesen diese dieses diese\ndiesem dieser diesem diesen"),
)
def test_der_words(case: Case, gender: Gender, form: str) -> None:
    assert der_word("dies", case, gender) == form


@pytest.mark.parametrize(
    ("ending", "paradigm"),
    [
        (Ending.WEAK, "alte alte alte alten\nalten alte alte alten\nalten alten alten alten"),
        (Ending.MIXED, "alter alte altes alten\nalten alte altes alten\nalten alten alten alten"),
        (Ending.STRONG, "alter alte altes alte\nalten alte altes alte\naltem alter altem alten"),
    ],
)
def test_adjective_endings(ending: Ending, paradigm: str) -> None:
    for case, gender, form in grid(paradigm):
        assert adjective("alt", ending, case, gender) == form


@pytest.mark.parametrize(
    ("english", "forms"),
    [
        ("man", "Mann Mann Mann Männer Männer Männern"),
        ("woman", "Frau Frau Frau Frauen Frauen Frauen"),
        ("child", "Kind Kind Kind Kinder Kinder Kindern"),
        ("boy", "Junge Jungen Jungen Jungen Jungen Jungen"),
        ("student", "Student Studenten Studenten Studenten Studenten Studenten"),
        ("neighbour", "Nachbar Nachbarn Nachbarn Nachbarn Nachbarn Nachbarn"),
        ("lion", "Löwe Löwen Löwen Löwen Löwen Löwen"),
        ("girl", "Mädchen Mädchen Mädchen Mädchen Mädchen Mädchen"),
        ("car", "Auto Auto Auto Autos Autos Autos"),
        ("apple", "Apfel Apfel Apfel Äpfel Äpfel Äpfeln"),
        ("queen", "Königin Königin Königin Königinnen Königinnen Königinnen"),
        ("garden", "Garten Garten Garten Gärten Gärten Gärten"),
        ("teacher", "Lehrer Lehrer Lehrer Lehrer Lehrer Lehrern"),
    ],
)
def test_nouns(english: str, forms: str) -> None:
    entry = BY_ENGLISH[english]
    made = [
        noun(entry.german, entry.german_plural, case, is_plural=is_plural, is_weak=entry.weak)
        for is_plural in (False, True)
        for case in ROWS
    ]
    assert made == forms.split()


def test_personal_pronouns() -> None:
    assert PRONOUNS == {
        "I": ("ich", "mich", "mir"),
        "he": ("er", "ihn", "ihm"),
        "she": ("sie", "sie", "ihr"),
        "we": ("wir", "uns", "uns"),
        "they": ("sie", "sie", "ihnen"),
    }


@pytest.mark.parametrize(
    ("preposition", "article", "form"),
    [("in", "dem", "im"), ("in", "das", "ins"), ("zu", "der", "zur"), ("zu", "dem", "zum"), ("an", "dem", "am")],
)
def test_contractions(preposition: str, article: str, form: str) -> None:
    assert contract(preposition, article) == form


@pytest.mark.parametrize(("preposition", "article"), [("in", "den"), ("in", "der"), ("auf", "dem"), ("auf", "das")])
def test_what_does_not_contract(preposition: str, article: str) -> None:
    assert contract(preposition, article) is None
