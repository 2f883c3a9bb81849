import io
import json
import math
import subprocess
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from rich.console import Console

from attnlab.errors import RunError
from attnlab.evaluation.alignment_judge import ALIGNMENT_COLUMNS
from attnlab.experiment.results import (
    Results,
    Translation,
    environment,
    read_results,
    read_translations,
    results_table,
    write_results,
    write_translations,
    write_whole,
)

CPU = torch.device("cpu")
RESULTS = Results(
    metrics={"test/bleu": 41.02, "test/sentences": 1000.0},
    signatures={"bleu": "nrefs:1|case:lc"},
    run={"model": "luong_general", "data": "grammar", "seed": 0, "nothing": None},
    environment={"versions": {"torch": "2.13.0"}, "threads": 2},
)
TRANSLATION = Translation(
    source="the old man sees\u2028the dog",
    reference="der alte Mann sieht den Hund",
    hypothesis='größer "Übermut"\\n 狗',
    log_prob=-3.25,
    source_length=6,
    reference_length=6,
    hypothesis_length=3,
    bucket=None,
)


def test_results_come_back(tmp_path: Path) -> None:
    path = write_results(tmp_path, RESULTS)
    assert path == tmp_path / "metrics.json"
    assert read_results(tmp_path) == RESULTS


def test_the_file_is_plain_json_even_for_figures_that_are_not_finite(tmp_path: Path) -> None:
    path = write_results(tmp_path, replace(RESULTS, metrics={"a": math.inf, "b": math.nan, "c": 1.5}))

    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is no JSON")

    assert json.loads(path.read_text(), parse_constant=refuse)["metrics"] == {"a": None, "b": None, "c": 1.5}
    assert math.isnan(read_results(tmp_path).metrics["a"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no JSON"),
        (b'{"metrics": {"test/bleu": 1', "is no JSON"),
        (b"\xff\xfe", "is no UTF-8 text"),
        (b"[1]", "has no object 'metrics'"),
        (b'{"test_bleu": 3}', "has no object 'metrics'"),
        (b'{"metrics": {}, "signatures": {}, "run": {}}', "has no object 'environment'"),
        (b'{"metrics": {"a": "b"}, "signatures": {}, "run": {}, "environment": {}}', "gives a as 'b', .* no number"),
        (b'{"metrics": {"a": true}, "signatures": {}, "run": {}, "environment": {}}', "gives a as True"),
    ],
)
def test_a_spoilt_file_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "metrics.json").write_bytes(content)
    with pytest.raises(RunError, match=f"metrics.json {reason}.*restore it, or train the run again"):
        read_results(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"metrics.json, but it cannot be read \(No such file.*give the folder"):
        read_results(tmp_path)
    with pytest.raises(RunError, match=r"translations.jsonl, but it cannot be read"):
        read_translations(tmp_path)


def test_translations_come_back_whatever_they_hold(tmp_path: Path) -> None:
    translations = [TRANSLATION, replace(TRANSLATION, hypothesis="", bucket="short")]
    path = write_translations(tmp_path, translations)
    assert path.read_bytes().count(b"\n") == 2
    assert "größer" in path.read_text(encoding="utf-8")
    assert read_translations(tmp_path) == translations


def test_no_translations_are_an_empty_file(tmp_path: Path) -> None:
    write_translations(tmp_path, [])
    assert read_translations(tmp_path) == []


WRONG: list[dict[str, object]] = [{"hypothesis": None}, {"source_length": "6"}]


@pytest.mark.parametrize(
    "line", ["{", "{}", "[1, 2]", '{"source": "a"}', *(json.dumps({**asdict(TRANSLATION), **wrong}) for wrong in WRONG)]
)
def test_a_spoilt_translation_is_named_with_its_line(tmp_path: Path, line: str) -> None:
    path = write_translations(tmp_path, [TRANSLATION])
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(RunError, match=r"translations.jsonl holds no translation on line 2"):
        read_translations(tmp_path)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_whole(tmp_path / "a.txt", "old")

    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(RunError, match=r"a.txt, but that failed \(No space left on device\)"):
            write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    assert write_whole(path, "new").read_text() == "new"


def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match=r"must be written to .*file/metrics.json.*choose another folder"):
        write_results(tmp_path / "file", RESULTS)


def test_the_table_shows_each_bucket() -> None:
    metrics = {
        "test/sentences": 1000.0,
        "test/bleu": 41.023,
        "test/exact_match": 0.1234,
        "test/token_accuracy": 0.9,
        "test/perplexity": math.inf,
        "test/sentences/short": 400.0,
        "test/bleu/short": 50.0,
    }
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(results_table(metrics, stage="test", names=["short", "long"], title="luong_general"))
    lines = [line.replace("│", " ").split() for line in console.export_text().splitlines()]
    assert ["overall", "1,000", "41.02", "–", "–", "12.3%", "90.0%", "inf"] in lines
    assert ["short", "400", "50.00", "–", "–", "–", "–", "–"] in lines
    assert ["long", *["–"] * 7] in lines


def test_the_table_of_alignments_fits_a_terminal() -> None:
    metrics = dict.fromkeys([f"test/{name}" for name in ALIGNMENT_COLUMNS], 0.12345)
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(results_table(metrics, stage="test", names=["medium"], title="alignment", columns=ALIGNMENT_COLUMNS))
    lines = [line.split() for line in console.export_text().splitlines()]
    assert ["overall", "0.123", "0.123", "0.123", "0.12", "0.123", "0.123", "12.3%"] in lines
    assert ["medium", *["–"] * 7] in lines
    assert ["length", "AER", "precision", "recall", "entropy", "deviation", "distance", "steps", "back"] in lines


def test_the_environment_is_plain_and_complete() -> None:
    found = environment(precision="32-true", device=CPU, folder=Path.cwd())
    assert json.loads(json.dumps(found)) == found
    assert {"attnlab", "torch", "lightning", "sacrebleu", "python"} <= set(found["versions"])
    assert found["precision"] == "32-true"
    assert found["threads"] >= 1
    assert found["cpu"]
    assert found["accelerator"] is None, "whatever else the machine has, the model was on its processor"


def git(folder: Path, *command: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    return subprocess.run(["git", *identity, *command], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_the_code_state_is_recorded(tmp_path: Path) -> None:
    git(tmp_path, "init")
    (tmp_path / "code.py").write_text("a = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    commit = git(tmp_path, "rev-parse", "HEAD").strip()
    assert environment(precision="32-true", device=CPU, folder=tmp_path)["git"] == {"commit": commit, "dirty": False}
    (tmp_path / "code.py").write_text("a = 2\n")
    assert environment(precision="32-true", device=CPU, folder=tmp_path)["git"] == {"commit": commit, "dirty": True}


def test_outside_a_repository_there_is_no_code_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment(precision="32-true", device=CPU, folder=tmp_path)["git"] is None
    monkeypatch.setenv("PATH", str(tmp_path))  # no git at all
    assert environment(precision="32-true", device=CPU, folder=Path(__file__).parent)["git"] is None
