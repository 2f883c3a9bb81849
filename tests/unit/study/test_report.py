import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from attnlab.errors import RunError
from attnlab.study.columns import Column
from attnlab.study.records import Record
from attnlab.study.report import Said, write_tables
from attnlab.study.rows import rows_of
from attnlab.study.table import Comparison, compare_rows

MakeRun = Callable[..., Path]
Read = Callable[[], list[Record]]
NOTHING = Said("", "", [], [])


@pytest.fixture
def comparison(make_run: MakeRun, records: Read) -> Comparison:
    for folder, hidden_size in (("a", 128), ("b", 256)):
        make_run(folder, metrics={"test/bleu": hidden_size / 4}, config={"model.hidden_size": hidden_size})
    make_run("c", "no_attention", metrics={"test/bleu": 8.0, "test/ter": None}, environment={"git": None})
    return compare_rows(rows_of(records()), [Column("test/bleu")], sort="test/bleu", descending=True)


def test_the_markdown_is_a_table_and_a_list(comparison: Comparison) -> None:
    write_tables(Path("report"), comparison, Said("", "", ["read"], ["one: a|b", "two"]))
    assert Path("report/table.md").read_text("utf-8") == (
        "| model | seeds | BLEU |\n"
        "| :-- | --: | --: |\n"
        "| luong_dot hidden_size=256 | 1 | 64.00 |\n"
        "| luong_dot hidden_size=128 | 1 | 32.00 |\n"
        "| no_attention | 1 | 8.00 |\n"
        "\n"
        "- read\n"
        "\n"
        "- one: a\\|b\n"
        "- two\n"
    )
    assert Path("report/table.csv").read_text("utf-8").splitlines()[0] == (
        "model,seeds,test/bleu,test/bleu half_width,test/bleu runs"
    )


def test_every_figure_of_every_run_is_there(comparison: Comparison, tmp_path: Path) -> None:
    write_tables(Path("report"), comparison, NOTHING)
    with Path("report/runs.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["folder"] for line in lines] == ["b", "a", "c"]
    assert [line["model.hidden_size"] for line in lines] == ["256", "128", ""]
    assert [line["test/bleu"] for line in lines] == ["64.0", "32.0", "8.0"]
    assert [line["test/ter"] for line in lines] == ["", "", ""]
    assert [line["commit"][:7] for line in lines] == ["7fcb606", "7fcb606", ""]
    assert [line["dirty"] for line in lines] == ["false", "false", ""]
    first = {name: lines[0][name] for name in ("row", "model", "data", "seed", "cpu", "threads", "precision", "budget")}
    assert first == {
        "row": "luong_dot hidden_size=256",
        "model": "luong_dot",
        "data": "grammar",
        "seed": "1",
        "cpu": "AMD EPYC",
        "threads": "2",
        "precision": "32-true",
        "budget": "36,000 pairs x 4 epochs",
    }


def test_a_folder_that_cannot_be_written_is_named(comparison: Comparison) -> None:
    Path("file").touch()
    with pytest.raises(RunError, match=r"written to file/report/table.md, but that failed \(Not a directory\)"):
        write_tables(Path("file/report"), comparison, NOTHING)
