import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from attnlab.evaluation.significance import Difference, holm
from attnlab.study.baseline import Baseline, find_baseline
from attnlab.study.columns import Column
from attnlab.study.differences import Differences, Verdict, Verdicts, find_differences
from attnlab.study.reading import readings
from attnlab.study.records import Record
from attnlab.study.rows import Row, rows_of
from attnlab.study.sentences import Sentences, read_sentences
from attnlab.study.table import compare_rows, to_csv

MakeRun = Callable[..., Path]
Read = Callable[[], list[Record]]
WORDS = ["eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf"]
NONE = Baseline("no_attention", {"a": "no_attention", "b": "no_attention"})


def reference(place: int, size: int) -> str:
    return " ".join(WORDS[(place * 5 + at * 7) % len(WORDS)] for at in range(size))


@pytest.fixture
def rows(make_run: MakeRun, records: Read) -> list[Row]:
    """Two models that hardly ever err, and one that turns every third sentence, and each of the second half, round."""
    texts = [reference(place, 5 + place % 4) for place in range(60)]
    for seed in (1, 2, 3):
        for model, wrong in (
            ("luong_dot", {seed}),
            ("luong_general", {seed + 5}),
            ("no_attention", {*range(0, 30, 3), *range(30 - seed, 60)}),
        ):
            said = [" ".join(reversed(text.split())) if place in wrong else text for place, text in enumerate(texts)]
            lines = [("w " * (4 if place < 30 else 12), text, said[place]) for place, text in enumerate(texts)]
            figures = {
                "test/bleu": 50.0 if model == "no_attention" else 99.0,
                "test/aer": {"luong_dot": 0.1, "luong_general": 0.2, "no_attention": 0.7}[model] + seed / 20,
                "test/aer_left_to_right": 0.4,
            }
            make_run(f"{model}{seed}", model, seed, translations=lines, metrics=figures)
    return rows_of(records())


@pytest.fixture
def differences(rows: list[Row]) -> Differences:
    sentences = read_sentences([record for row in rows for record in row.records])
    assert isinstance(sentences, Sentences)
    for place in range(60):
        sentences.buckets[place] = "short" if place < 30 else "long"
    return find_differences(rows, sentences, baseline=find_baseline(rows, "no_attention"))


def test_what_differs_and_what_does_not(differences: Differences) -> None:
    assert differences.baseline.name == "no_attention"
    assert differences.overall.best in {"luong_dot", "luong_general"}
    other = ({"luong_dot", "luong_general"} - {differences.overall.best}).pop()
    assert set(differences.overall.to_baseline) == {"luong_dot", "luong_general"}
    assert all(each.significant and each.difference.low > 20 for each in differences.overall.to_baseline.values())
    assert not differences.overall.to_best[other].significant
    assert differences.overall.to_best["no_attention"].significant
    assert differences.lost["no_attention"].low > 30
    assert all(each.significant and each.difference.high < -20 for each in differences.lost_more.values())
    for tested, corrected in (
        (differences.overall.to_baseline, holm),
        # three pairs of three rows
        (differences.overall.to_best, lambda values: [min(1.0, 3 * value) for value in values]),
    ):
        found = [each.difference.p_value for each in tested.values()]
        assert [each.p_value for each in tested.values()] == corrected(found)


def test_a_baseline_that_was_picked_by_its_score_is_corrected_for_all_pairs(rows: list[Row]) -> None:
    sentences = read_sentences([record for row in rows for record in row.records])
    assert isinstance(sentences, Sentences)
    against = {"luong_dot": "no_attention", "luong_general": "no_attention"}
    found = find_differences(rows, sentences, baseline=Baseline("no_attention", against, picked=True))
    for each in found.overall.to_baseline.values():
        assert each.p_value == min(1.0, 3 * each.difference.p_value)
    assert "corrected for all 3 pairs of rows" in found.explanation()
    assert (found.lost, found.lost_more, found.by_length) == ({}, {}, {})  # all sentences are short


def test_one_seed_is_said(make_run: MakeRun, records: Read) -> None:
    texts = [reference(place, 5 + place % 4) for place in range(20)]
    for model, wrong in (("luong_dot", ""), ("no_attention", " x")):
        make_run(model, model, translations=[("w", text, text + wrong) for text in texts])
    rows = rows_of(found := records())
    sentences = read_sentences(found)
    assert isinstance(sentences, Sentences)
    differences = find_differences(rows, sentences, baseline=find_baseline(rows, None))
    assert differences.of_one_seed
    explained = "* where p < 0.05; † the same over sentences alone, where both rows have one seed"
    assert differences.explanation().endswith(explained)
    assert differences.text("luong_dot").endswith("] †")
    few, best, *_ = readings(rows, differences, {})
    assert few == "Where both rows have one seed, a test speaks of sentences alone: another seed may turn it."
    assert best == "Best: luong_dot with BLEU –; above the other row: no_attention (p < 0.05)."


def test_one_seed_beside_several_is_tested_over_seeds(rows: list[Row]) -> None:
    alone = [replace(rows[0], records=rows[0].records[:1]), *rows[1:]]
    sentences = read_sentences([record for row in alone for record in row.records])
    assert isinstance(sentences, Sentences)
    found = find_differences(alone, sentences, baseline=find_baseline(alone, None))
    assert not found.of_one_seed
    assert found.of_one_seed_beside_several
    assert found.explanation().endswith(
        "; ‡ where one row has one seed, which is taken to vary as the seeds of the other do"
    )
    assert found.text(alone[0].name).endswith("] ‡")
    said, *_ = readings(alone, found, {})
    assert said == "Where one row has one seed, it is taken to vary as the other does: another seed may turn a test."


def test_the_table_shows_them(rows: list[Row], differences: Differences) -> None:
    plain = compare_rows(rows, [Column("test/bleu"), Column("test/aer")], sort="test/bleu", descending=True)
    table = type(plain)(plain.rows, plain.columns, differences)
    assert table.headings == ["model", "seeds", "BLEU", "BLEU vs no_attention", "AER"]
    assert [table.cells(row)[3] == "–" for row in table.rows] == [False, False, True]
    assert len(table.values(table.rows[0])) == len(table.headings)
    first, *_, last = csv.DictReader(to_csv(table).splitlines())
    for metric, tested in {
        "test/bleu": differences.overall,
        "test/bleu/short": differences.by_length["short"],
        "test/bleu/long": differences.by_length["long"],
    }.items():
        names = [f"{metric} vs no_attention{part}" for part in ("", " low", " high", " corrected p")]
        assert [float(first[name]) for name in names] == tested.to_baseline[first["model"]].figures
        assert [last[name] for name in names] == [""] * 4


def test_a_difference_in_words() -> None:
    told = Verdict(Difference(31.2, 29.8, 32.5, 0.001, 3, 3, 1000), 0.002)
    unsure = Verdict(Difference(-0.5, -1.5, 0.5, 0.3, 3, 3, 1000), 0.3)
    found = Differences(NONE, Verdicts("a", {}, {"a": told, "b": unsure}), {}, {}, {}, {}, ("short", "long"))
    assert found.text("a") == "+31.20 [29.80, 32.50] *"
    assert found.text("b") == "-0.50 [-1.50, 0.50]"
    assert found.text("no_attention") == "–"
    assert "paired bootstrap over sentences and seeds; * where p < 0.05, corrected for 2" in found.explanation()


def test_what_the_correction_alone_hides_is_said(rows: list[Row]) -> None:
    """Without it three seeds tell the second row apart; of p-values near 0.05 so many digits as show their side."""
    near = Verdict(Difference(2.0, 0.2, 3.8, 0.0174, 3, 3, 1000), 0.0521)
    alike = Verdict(Difference(0.1, -1.0, 1.2, 0.9, 3, 3, 1000), 1.0)
    to_best = {"luong_general": near, "no_attention": alike}
    found = Differences(NONE, Verdicts("luong_dot", to_best, {}), {}, {}, {}, {}, ("short", "long"))
    assert readings(rows, found, {})[0] == (
        "Best: luong_dot with BLEU 99.00 ±0.00; not told apart from no_attention (p = 1.00), luong_general (p = 0.052)"
        ", of which 1 would be without the correction."
    )


def test_of_many_losses_the_rest_is_counted(rows: list[Row]) -> None:
    lost = {str(place): Difference(float(place), 0.0, 9.0, 0.01, 3, 3, 60) for place in range(9)}
    found = Differences(NONE, Verdicts("luong_dot", {}, {}), {}, lost, {}, {}, ("short", "long"))
    assert readings(rows, found, {})[1].endswith("; 0 loses 0.00 [0.00, 9.00]; 5 more between these.")


def test_readings_are_made_of_the_figures(rows: list[Row], differences: Differences) -> None:
    best, short, long, gain, *parts, length, more, alignment, plain = readings(rows, differences, {})
    other = "luong_general" if differences.overall.best == "luong_dot" else "luong_dot"
    alike = differences.overall.to_best[other].p_value
    assert best == (
        f"Best: {differences.overall.best} with BLEU 99.00 ±0.00; not told apart from {other} (p = {alike:.2f}); "
        "above 1 of 2 other rows: no_attention (p < 0.05, corrected for all 3 pairs of rows)."
    )
    assert short.startswith(f"On short sources: {differences.by_length['short'].best} with BLEU short –; ")
    assert long.endswith("above 1 of 2 other rows: no_attention (p < 0.05, corrected for all 3 pairs of rows).")
    assert gain.startswith("Against no_attention, 2 of 2 rows gain: from +")
    gains = [differences.by_length[bucket].to_baseline for bucket in ("short", "long")]
    assert [part.split(": ")[0] for part in parts] == [
        f"Against no_attention on {bucket} sources, {sum(each.significant for each in found.values())} of 2 rows gain"
        for bucket, found in zip(("short", "long"), gains, strict=True)
    ]
    lost = differences.lost["no_attention"]
    start = (
        f"From short (1 to 9 words) to long (10 words and more) sources, in BLEU: no_attention loses {lost.mean:.2f} ["
    )
    assert length.startswith(start)
    assert more.startswith("From short to long, 2 of 2 rows lose less than no_attention: from -")
    assert alignment.startswith("Nearest to the gold alignment: luong_dot with AER 0.200 ±0.124")
    assert plain == ("Reading from left to right would have AER 0.400; the 95% interval of 1 of 3 rows is below that.")
    alone = replace(rows[1], records=rows[1].records[:1])
    said = (
        "Reading from left to right would have AER 0.400; the 95% interval of 1 of 2 rows with several seeds is below"
    )
    assert any(line.startswith(said) for line in readings([rows[0], alone, rows[2]], None, {}))


def test_a_row_may_gain_from_short_to_long(rows: list[Row]) -> None:
    lost = {"luong_dot": Difference(-2.0, -3.0, -1.0, 0.01, 3, 3, 60)}
    found = Differences(NONE, Verdicts("luong_dot", {}, {}), {}, lost, {}, {}, ("short", "long"))
    assert readings(rows, found, {})[1].endswith("in BLEU: luong_dot gains 2.00 [1.00, 3.00].")


def test_the_largest_of_several_sizes_is_tested_against_the_smallest(rows: list[Row]) -> None:
    sentences = read_sentences([record for row in rows for record in row.records])
    assert isinstance(sentences, Sentences)
    for place in range(60):
        sentences.buckets[place] = "short" if place < 30 else "long"
    named = {row.name: row for row in rows}
    lines = {
        "grown": {64: named["no_attention"], 128: named["luong_general"], 256: named["luong_dot"]},
        "alike": {64: named["luong_general"], 256: named["luong_dot"]},
    }
    found = find_differences(rows, sentences, baseline=find_baseline(rows, "no_attention"), lines=lines)
    parts = [found.overall, *found.by_length.values()]
    assert [list(tested) for tested in found.grown.values()] == [["test/bleu", "test/bleu/short", "test/bleu/long"]] * 2
    assert [each.difference for each in found.grown["grown"].values()] == [
        part.to_baseline["luong_dot"].difference for part in parts
    ]
    every = [each for tested in found.grown.values() for each in tested.values()]
    assert [each.p_value for each in every] == holm([each.difference.p_value for each in every])
    grown, alike, stars = readings(rows, found, lines)[-3:]
    change = found.grown["grown"]["test/bleu"].text()
    assert grown.startswith(f"grown, from hidden size 64 to 256: BLEU 50.00 ±0.00 to 99.00 ±0.00, {change}")
    assert change.endswith(" *")
    assert "*" not in alike
    assert stars == "Over hidden sizes, * where p < 0.05, corrected for their number, 6 (Holm)."


def test_without_translations_only_what_runs_know_is_read(rows: list[Row]) -> None:
    assert [line.split(":")[0] for line in readings(rows, None, {"luong": {64: rows[0], 128: rows[1]}})] == [
        "Nearest to the gold alignment",
        "Reading from left to right would have AER 0.400; the 95% interval of 1 of 3 rows is below that.",
        "luong, from hidden size 64 to 128",
    ]
