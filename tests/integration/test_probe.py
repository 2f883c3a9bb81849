"""The command that measures what memory states stand for, on runs that were trained for a second."""

import json
import re
from collections.abc import Callable

import matplotlib.image
import pytest
from command_line import Commands, Finished, Trained, figures

QUICK = ("gradient_sentences=6", "vectors=2", "reach=2")
OFFSETS = ["<-2", "-2", "-1", "0", "+1", "+2", ">+2"]
BUCKETS = ["", "/short", "/medium", "/long"]


@pytest.fixture
def probe(commands: Commands) -> Callable[..., Finished]:
    """Probes a run quickly; settings that come later win."""

    def run(trained: Trained, *arguments: str) -> Finished:
        return commands("probe", f"run={trained.folder}", *QUICK, *arguments)

    return run


def test_it_leaves_figures_and_a_picture_in_the_folder_of_the_run(
    probe: Callable[..., Finished], trained_plain: Trained
) -> None:
    said = probe(trained_plain)
    assert (said.status, said.stderr) == (0, "")
    folder = trained_plain.folder / "probe"
    assert {path.name for path in folder.iterdir()} == {"metrics.json", "probe.png"}
    assert matplotlib.image.imread(folder / "probe.png").shape[1] > 1000
    assert probe(trained_plain, "split=validation").status == 0
    assert (trained_plain.folder / "probe_validation" / "probe.png").exists()
    results = json.loads((folder / "metrics.json").read_text("utf-8"))
    assert results["run"]["model"] == "no_attention"
    assert results["run"]["probe"]["vectors"] == 2
    assert {"git", "cpu", "precision"} <= results["environment"].keys()


def test_the_figures_are_shares_and_accuracies_overall_and_by_length(
    probe: Callable[..., Finished], commands: Commands, trained: Trained
) -> None:
    said = probe(trained, "output=probed")
    metrics = figures(commands.folder / "probed")
    assert metrics["test/sentences"] == 20
    assert metrics["test/gradient_sentences"] == 6
    for bucket in BUCKETS:
        if not metrics[f"test/gradient_sentences{bucket}"]:
            continue
        for model in ("trained", "untrained", "equal"):
            shares = [metrics[f"test/gradient_share/{model}/{offset}{bucket}"] for offset in OFFSETS]
            assert sum(shares) == pytest.approx(1)
    for model in ("trained", "untrained", "own_word", "majority"):
        assert all(0 <= metrics[f"test/readout_accuracy/{model}/{offset}"] <= 1 for offset in OFFSETS[1:-1])
    assert metrics["test/gradient_share/trained/0"] != metrics["test/gradient_share/untrained/0"]
    assert metrics["test/gradient_share_half_width/trained/0"] > 0
    assert "luong_general on test of grammar, in per cent" in said.stdout
    shown = re.findall(r"(?m)^ ([<>]?[+-]?\d) +(\d+\.\d) ±", said.stdout)
    assert shown == [(offset, f"{100 * metrics[f'test/gradient_share/trained/{offset}']:.1f}") for offset in OFFSETS]


def test_the_seed_decides_every_figure(probe: Callable[..., Finished], commands: Commands, trained: Trained) -> None:
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        assert probe(trained, f"output={name}", f"seed={seed}", "split=validation").status == 0
    one, two, other = (figures(commands.folder / name) for name in ("one", "two", "other"))
    assert one == two
    assert one["validation/gradient_share/untrained/0"] != other["validation/gradient_share/untrained/0"]


MISTAKES = {
    "split": (["split=dev"], "^split is one of train, validation, test, but it is dev: choose one"),
    "vectors": (["vectors=abc"], "^vectors is a whole number from 1, not 'abc': leave it out or raise it"),
    "folds": (["folds=2"], "^folds is a whole number from 3, not 2"),
    "few sentences": (["folds=30"], "every fold of the read-out needs a sentence, but there are 20 sentences for 30"),
    "device": (["device=foo"], "device names a device of this machine, but foo is none"),
    "run": (["run=nowhere"], "run names the folder or checkpoint of a run, but nowhere does not exist"),
    "key": (["vector=3"], "there is no value vector to change: did you mean vectors"),
    "output": (["output=a_file/probe"], r"a_file/probe/metrics.json, but that failed \(Not a directory\)"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_answered_with_one_line(
    name: str, probe: Callable[..., Finished], commands: Commands, trained: Trained
) -> None:
    (commands.folder / "a_file").touch()
    arguments, message = MISTAKES[name]
    assert re.search(message, probe(trained, *arguments).error)


def test_help_shows_how_it_is_used(commands: Commands) -> None:
    said = commands("probe", "--help")
    assert said.status == 0
    assert "python probe.py run=latest" in said.stdout
    assert "gradient_sentences: 200" in said.stdout
