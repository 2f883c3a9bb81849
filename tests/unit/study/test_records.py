import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attnlab.errors import RunError
from attnlab.study.records import find_records

MakeRun = Callable[..., Path]


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "metrics.json"
    values = json.loads(path.read_text("utf-8"))
    change(values)
    path.write_text(json.dumps(values), encoding="utf-8")


def test_every_finished_run_below_a_folder_is_read(make_run: MakeRun) -> None:
    make_run("sweep/0", "luong_dot", 1, metrics={"test/bleu": 90.5, "test/perplexity": None})
    make_run("sweep/deep/er/1", "no_attention", 2, composed=True)
    found = find_records([Path("sweep")])
    first, second = found.records
    assert (first.folder, first.model, first.data, first.seed) == (Path("sweep/0"), "luong_dot", "grammar", 1)
    assert (second.model, second.seed) == ("no_attention", 2)
    assert first.known("test/bleu") == 90.5
    assert math.isnan(first.metrics["test/perplexity"])
    assert first.known("test/perplexity") is None
    assert first.known("test/aer") is None
    assert first.signatures == {"bleu": "nrefs:1|case:mixed"}
    assert first.config["optimizer"] == {"lr": 0.003}
    assert first.buckets == ("short", "long")
    assert first.following is None
    assert second.following is not None
    assert "data.corpus.train_size" in second.following
    environment = first.environment
    assert environment.commit == "7fcb606b355e034fd65defcbf8696ef545fd10bb"
    assert (environment.dirty, environment.cpu, environment.cpu_count) == (False, "AMD EPYC", 2)
    assert (environment.accelerator, environment.threads, environment.precision) == (None, 2, "32-true")
    assert found.unfinished == found.set_aside == ()


def test_runs_without_results_are_named(make_run: MakeRun) -> None:
    make_run("sweep/0")
    (make_run("sweep/1") / "metrics.json").unlink()
    Path("sweep/2").mkdir()
    Path("sweep/2/config.yaml").touch()  # claimed a moment ago
    found = find_records([Path("sweep")])
    assert found.unfinished == (Path("sweep/1"), Path("sweep/2"))
    assert len(found.records) == 1


def test_evaluations_and_probes_are_set_aside(make_run: MakeRun) -> None:
    make_run("runs/0")
    for folder in ("runs/evaluation", "runs/probed"):
        rewrite(make_run(folder), lambda values: values["run"].update(run="runs/0"))
    Path("runs/probed/config.yaml").unlink()
    found = find_records([Path("runs")])
    assert found.set_aside == (Path("runs/evaluation"), Path("runs/probed"))
    assert [record.folder for record in found.records] == [Path("runs/0")]


def test_what_lies_inside_a_run_and_hidden_folders_are_not_looked_at(make_run: MakeRun) -> None:
    make_run("runs/0")
    for folder in ("runs/0/.hydra", "runs/0/wandb/files", "runs/.old"):
        Path(folder).mkdir(parents=True)
        (Path(folder) / "config.yaml").write_text("not: ours\n")
    found = find_records([Path("runs")])
    assert (len(found.records), found.unfinished) == (1, ())


def test_a_run_that_is_named_twice_counts_once(make_run: MakeRun) -> None:
    folder = make_run("runs/0")
    assert len(find_records([Path("runs"), folder, folder.resolve()]).records) == 1


def test_a_machine_that_cannot_tell_leaves_gaps(make_run: MakeRun) -> None:
    make_run("runs/0", environment={"git": None, "cpu_count": None, "accelerator": "NVIDIA H100"})
    environment = find_records([Path("runs")]).records[0].environment
    assert (environment.commit, environment.cpu_count, environment.accelerator) == (None, None, "NVIDIA H100")


def test_folders_without_runs_are_named(make_run: MakeRun) -> None:
    folder = make_run("empty/0")
    (folder / "metrics.json").unlink()
    message = (
        r"needs finished runs, but empty and other holds none \(1 unfinished\): train some, or name another folder"
    )
    Path("other").mkdir()
    with pytest.raises(RunError, match=message):
        find_records([Path("empty"), Path("other")])
    with pytest.raises(RunError, match="but other holds none: train some"):
        find_records([Path("other")])


def test_a_folder_that_is_none_is_named(make_run: MakeRun) -> None:
    folder = make_run("runs/0")
    with pytest.raises(RunError, match="runs names folders of runs, but nowhere does not exist: name the folder"):
        find_records([Path("nowhere")])
    with pytest.raises(RunError, match=r"but runs/0/metrics.json is a file: name the folder"):
        find_records([folder / "metrics.json"])


@pytest.mark.parametrize(
    ("part", "name", "value", "message"),
    [
        ("run", "model", None, "gives model as text, but there it is None: mend it, or train the run again"),
        ("run", "seed", "1", "gives seed as a whole number, but there it is '1'"),
        ("run", "seed", True, "gives seed as a whole number, but there it is True"),
        ("environment", "threads", 2.5, "gives threads as a whole number, but there it is 2.5"),
        ("environment", "precision", 32, "gives precision as text, but there it is 32"),
        ("environment", "cpu_count", "two", "gives cpu_count as a whole number, but there it is 'two'"),
        ("environment", "git", "7fcb606", "gives git as an object, but there it is '7fcb606'"),
        ("environment", "git", {"commit": "7fcb606"}, "gives dirty as true or false, but there it is None"),
    ],
)
def test_a_spoilt_record_is_named(make_run: MakeRun, part: str, name: str, value: object, message: str) -> None:
    folder = make_run("runs/0")
    rewrite(folder, lambda values: values[part].update({name: value}))
    with pytest.raises(RunError, match=f"^runs/0/metrics.json {re.escape(message)}"):
        find_records([Path("runs")])


CUT_OFF = b"model: {}\ndata: {length: {buckets: {short: [1, 9]}}}\n"


@pytest.mark.parametrize(
    "content", [b"", b"[1]", b"a: [", b"\xff\xfe\x00", b"model: {}", b"data: {length: 3}", CUT_OFF]
)
def test_a_spoilt_configuration_is_named(make_run: MakeRun, content: bytes) -> None:
    folder = make_run("runs/0")
    (folder / "config.yaml").write_bytes(content)
    with pytest.raises(RunError, match=r"runs/0/config.yaml is no configuration of a run: restore it, or leave the"):
        find_records([Path("runs")])


def test_results_without_a_configuration_are_named(make_run: MakeRun) -> None:
    (make_run("runs/0") / "config.yaml").unlink()
    with pytest.raises(RunError, match=r"runs/0/config.yaml, but it cannot be read \(No such file .*restore it"):
        find_records([Path("runs")])


def test_damaged_overrides_are_refused(make_run: MakeRun) -> None:
    folder = make_run("a")
    (folder / ".hydra").mkdir()
    (folder / ".hydra" / "overrides.yaml").write_text("- [", encoding="utf-8")
    with pytest.raises(RunError, match=r"a/.hydra/overrides.yaml holds what was typed, but it cannot be read: restore"):
        find_records([folder])
