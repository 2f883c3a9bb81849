import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from attnlab.study.columns import Column
from attnlab.study.records import Record
from attnlab.study.rows import rows_of
from attnlab.study.table import Comparison, compare_rows, markdown_text, print_comparison, to_csv, to_markdown

MakeRun = Callable[..., Path]
Read = Callable[[], list[Record]]
COLUMNS = [Column("test/bleu"), Column("test/aer"), Column("parameters")]


@pytest.fixture
def comparison(make_run: MakeRun, records: Read) -> Comparison:
    """no_attention has no alignment, and one of its seeds diverged; one row has no BLEU at all."""
    for seed, bleu in enumerate([2.0, 4.0, 9.0], start=1):
        make_run(f"a{seed}", "luong_dot", seed, metrics={"test/bleu": bleu, "test/aer": 0.25, "parameters": 1234567.0})
    for seed, found in enumerate([7.0, None], start=1):
        make_run(f"b{seed}", "no_attention", seed, metrics={"test/bleu": found, "parameters": 1000.0})
    make_run("c", "bahdanau", metrics={"test/aer": 0.5})
    return compare_rows(rows_of(records()), COLUMNS, sort="test/bleu", descending=True)


def test_the_table_by_hand(comparison: Comparison) -> None:
    """2, 4, 9: mean 5, interval 4.303 sqrt(13 / 3) = 8.96; best first, unknown last."""
    assert to_markdown(comparison) == (
        "| model | seeds | BLEU | AER | parameters |\n"
        "| :-- | --: | --: | --: | --: |\n"
        "| no_attention | 2 | 7.00 (1 of 2) | – | 1,000 |\n"
        "| luong_dot | 3 | 5.00 ±8.96 | 0.250 ±0.000 | 1,234,567 |\n"
        "| bahdanau | 1 | – | 0.500 | – |\n"
    )


@pytest.mark.parametrize(
    ("sort", "descending", "names"),
    [
        ("test/bleu", False, ["luong_dot", "no_attention", "bahdanau"]),
        ("test/aer", False, ["luong_dot", "bahdanau", "no_attention"]),
        ("test/aer", True, ["bahdanau", "luong_dot", "no_attention"]),
        ("test/chrf", True, ["luong_dot", "no_attention", "bahdanau"]),
    ],
)
def test_rows_are_sorted_by_a_mean_and_unknown_ones_come_last(
    comparison: Comparison, records: Read, sort: str, descending: bool, names: list[str]
) -> None:
    rows = compare_rows(rows_of(records()), COLUMNS, sort=sort, descending=descending).rows
    assert [row.name for row in rows] == names


def test_programs_get_unrounded_figures(comparison: Comparison) -> None:
    lines = list(csv.DictReader(io.StringIO(to_csv(comparison))))
    assert [line["model"] for line in lines] == ["no_attention", "luong_dot", "bahdanau"]
    assert float(lines[1]["test/bleu"]) == 5.0
    assert float(lines[1]["test/bleu half_width"]) == pytest.approx(8.9566, rel=1e-4)
    assert (lines[1]["seeds"], lines[1]["test/bleu runs"]) == ("3", "3")
    assert (lines[0]["test/bleu half_width"], lines[0]["test/bleu runs"]) == ("", "1")
    assert (lines[2]["test/bleu"], lines[2]["test/bleu runs"]) == ("", "0")


def shown(comparison: Comparison, width: int, *, terminal: bool) -> list[str]:
    file = io.StringIO()
    console = Console(width=width, file=file, force_terminal=terminal, color_system=None)
    print_comparison(comparison, console, title="six runs [of three models]")
    return [" ".join(line.split()) for line in file.getvalue().splitlines() if line.strip()]


@pytest.mark.parametrize(("width", "terminal"), [(120, True), (20, False)])
def test_where_there_is_room_a_row_is_one_line(comparison: Comparison, width: int, terminal: bool) -> None:
    lines = shown(comparison, width, terminal=terminal)
    assert lines[0] == "six runs [of three models]"
    assert lines[1] == "model seeds BLEU AER parameters"
    assert lines[3:] == [
        "no_attention 2 7.00 (1 of 2) – 1,000",
        "luong_dot 3 5.00 ±8.96 0.250 ±0.000 1,234,567",
        "bahdanau 1 – 0.500 –",
    ]


def test_a_narrow_terminal_has_intervals_below_means(comparison: Comparison) -> None:
    lines = shown(comparison, 50, terminal=True)
    place = lines.index("luong_dot 3 5.00 0.250 1,234,567")
    assert lines[place + 1] == "±8.96 ±0.000"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("luong_general lr=0.1", "luong_general lr=0.1"),
        ("a|b\nc  d", "a\\|b c d"),
        ("length=[1,9] <b> `x` *y* \\", "length=\\[1,9\\] \\<b\\> \\`x\\` \\*y\\* \\\\"),
    ],
)
def test_markdown_shows_a_text_as_it_is(text: str, written: str) -> None:
    assert markdown_text(text) == written
