"""The command that puts finished runs side by side, on runs that were trained for a second."""

import csv
import re

import pytest
from command_line import Commands, Trained


def test_a_sweep_becomes_a_table_and_its_files(commands: Commands, trained_many: list[Trained]) -> None:
    said = commands("compare", "runs=many", "output=compared", "columns=[test/bleu,test/aer,parameters]")
    assert (said.status, said.stderr) == (0, "")
    assert "2 runs on the test split of grammar" in said.stdout
    assert "report: compared/index.html" in said.stdout
    report = commands.folder / "compared"
    lines = (report / "table.md").read_text("utf-8").splitlines()
    assert lines[0] == "| model | seeds | BLEU | BLEU vs no_attention | AER | parameters |"
    rows = {cells[0]: cells[1:] for line in lines[2:4] for cells in [line.strip("| ").split(" | ")]}
    for run, model in zip(trained_many, ("luong_dot", "no_attention"), strict=True):
        assert rows[model][:2] == ["1", f"{run.metrics['test/bleu']:.2f}"]
        assert rows[model][4] == f"{run.metrics['parameters']:,.0f}"
    assert rows["no_attention"][2:4] == ["–", "–"]
    assert any(line.startswith("- Best: ") for line in lines)
    assert "- training budget of each run: 200 pairs x 2 epochs" in lines
    assert not [line for line in lines if " differ: " in line]
    with (report / "runs.csv").open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert {line["folder"] for line in written} == {
        str(run.folder.relative_to(commands.folder)) for run in trained_many
    }
    assert {path.suffix for path in report.iterdir()} == {".md", ".csv", ".html", ".png", ".svg"}
    for path in report.glob("*.[!p]*"):
        assert str(commands.folder) not in path.read_text("utf-8")


MISTAKES = {
    "nothing named": ([], "^a comparison reads one sweep or some runs, but neither is given: write sweep=NAME"),
    "outputs like a number": (
        ["sweep=x", "paths.outputs=2026"],
        "^sweep names one of 2026/sweeps .there is none., but it",
    ),
    "nowhere": (["runs=nowhere"], "^runs names folders of runs, but nowhere does not exist: name the folder of a run"),
    "no runs": (["runs=empty"], "^a comparison needs finished runs, but empty holds none: train some, or name another"),
    "several": (["runs=a,b"], "^runs=a,b names several values: add -m .* or quote it as a list"),
    "key": (
        ["runs=many", "column=alignment"],
        "^column=alignment: there is no value column to change: did you mean col",
    ),
    "output": (["runs=many", "output=a_file/report"], r"a_file/report/table.md, but that failed \(Not a directory\)"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_answered_with_one_line(name: str, commands: Commands, trained_many: list[Trained]) -> None:
    (commands.folder / "a_file").touch()
    (commands.folder / "empty").mkdir(exist_ok=True)
    arguments, message = MISTAKES[name]
    assert re.search(message, commands("compare", *arguments).error)


def test_help_shows_how_it_is_used(commands: Commands) -> None:
    said = commands("compare", "--help")
    assert said.status == 0
    assert "python compare.py sweep=scoring_functions" in said.stdout
    assert "columns: quality" in said.stdout
