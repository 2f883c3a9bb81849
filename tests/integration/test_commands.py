"""What the commands leave and say when all is well."""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import pytest
import torch
from command_line import MODEL, TINY, Commands, Finished, Trained, figures
from omegaconf import OmegaConf

from attnlab.data.pharaoh import read_gold

HEAVY = {"torch", "lightning", "datasets", "tokenizers", "wandb", "matplotlib", "sacrebleu", "numpy", "pandas"}


@pytest.fixture
def translate(commands: Commands, trained: Trained) -> Callable[..., Finished]:
    """Translates with the run that all tests share."""

    def run(*arguments: str, stdin: bytes = b"") -> Finished:
        return commands("translate", f"run={trained.folder}", *arguments, stdin=stdin)

    return run


# Help


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("train", ["python train.py model=luong_general", "luong_dot, luong_general", "hidden_size: ${data.recipe"]),
        ("evaluate", ["python evaluate.py run=latest data=multi30k", "search: beam, greedy, sampling", "split: test"]),
        ("translate", ["python translate.py run=latest < sentences.en", "attention=heatmap.png", "batch_size: 64"]),
    ],
)
def test_help_is_helpful_and_imports_nothing_heavy(commands: Commands, command: str, shown: list[str]) -> None:
    said = commands.alone(command, "--help", options=("-X", "importtime"))
    assert said.status == 0
    for text in shown:
        assert text in said.stdout
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in said.stderr.splitlines()}
    assert "hydra" in imported
    assert not imported & HEAVY


# Training


def test_each_validation_of_an_epoch_keeps_its_own_checkpoint(commands: Commands) -> None:
    settings = ("trainer.max_epochs=1", "+trainer.val_check_interval=0.25", "average_checkpoints=3", "optimizer.lr=1.0")
    said = commands(
        "train",
        *TINY,
        *settings,
        "schedule=constant",
        "callbacks.averaging=null",
        "hydra.run.dir=quarters",
        "paths.cache=cache",
    )
    assert said.status == 0, said.stderr
    assert len(list((commands.folder / "quarters" / "checkpoints").glob("epoch=000-step=*.ckpt"))) == 3
    metrics = figures(commands.folder / "quarters")
    assert metrics["best/val/bleu"] >= metrics["val/bleu"]


def test_a_run_leaves_all_that_was_promised(trained: Trained) -> None:
    left = {str(path.relative_to(trained.folder)) for path in trained.folder.rglob("*") if path.is_file()}
    wanted = {"config.yaml", "composed.yaml", "metrics.json", "translations.jsonl", "train.log"}
    wanted |= {"tokenizer/source.json", "tokenizer/target.json", "checkpoints/model.ckpt", "checkpoints/last.ckpt"}
    assert wanted <= left
    assert re.fullmatch(r"luong_general/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d-\d{6}", "/".join(trained.folder.parts[-2:]))


def test_the_configuration_is_left_resolved_and_as_composed(trained: Trained) -> None:
    resolved, composed = ((trained.folder / name).read_text("utf-8") for name in ("config.yaml", "composed.yaml"))
    assert "${" not in resolved
    assert "???" not in resolved
    assert "output_size: ${model.hidden_size}" in composed
    config = OmegaConf.create(resolved)
    assert (config.model.hidden_size, config.model.name, config.seed) == (16, "luong_general", 0)


def test_the_results_say_what_was_run_on_what(trained: Trained) -> None:
    results = json.loads((trained.folder / "metrics.json").read_text("utf-8"))
    assert results["run"] | {"folder": ""} == {"model": "luong_general", "data": "grammar", "seed": 0, "folder": ""}
    assert results["environment"]["precision"] == "32-true"
    assert "tok:none" in results["signatures"]["bleu"]
    metrics = trained.metrics
    assert metrics["test/sentences"] == 20
    assert sum(metrics[f"test/sentences/{bucket}"] for bucket in ("short", "medium", "long")) == 20
    wanted = {"bleu", "chrf", "ter", "exact_match", "token_accuracy", "perplexity", "loss"}
    assert {f"{stage}/{metric}" for metric in wanted for stage in ("test", "val")} <= metrics.keys()
    assert {"parameters", "best/val/bleu", "train/tokens", "train/tokens_per_second"} <= metrics.keys()


def test_attention_is_measured_against_the_gold_alignments(trained: Trained) -> None:
    metrics = trained.metrics
    links = {f"{name}{end}" for name in ("aer", "alignment_precision", "alignment_recall") for end in THRESHOLDED}
    looks = {"attention_entropy", "attention_coverage_deviation", "attention_diagonal_distance"}
    for bucket in ("", "/short", "/medium", "/long"):
        assert {f"test/{name}{bucket}" for name in {*links, *looks, "attention_non_monotonic"}} <= metrics.keys()
    assert {f"test/{name}_own" for name in looks} <= metrics.keys()
    for ending in THRESHOLDED:
        assert 0 <= metrics[f"test/aer{ending}"] <= 1
    # Only of the test: validations come after every epoch and must not wait for them.
    assert not [name for name in metrics if name.startswith("val/") and ("aer" in name or "attention" in name)]
    assert re.search(r"(?m)^ overall +0\.\d{3} +0\.\d{3} +0\.\d{3} ", trained.said.stdout)


THRESHOLDED = ("", "_thresholded", "_left_to_right")


def test_a_model_without_attention_has_no_such_figures(trained_plain: Trained) -> None:
    assert not [name for name in trained_plain.metrics if "aer" in name or "attention" in name or "alignment" in name]


def test_translations_are_left_with_all_about_them(trained: Trained) -> None:
    rows = [json.loads(line) for line in (trained.folder / "translations.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) == 20
    for row in rows:
        assert row["source_length"] == len(row["source"].split())
        assert row["hypothesis_length"] == len(row["hypothesis"].split())
        assert row["log_prob"] < 0
        assert row["bucket"] in ("short", "medium", "long")


def test_checkpoints_can_be_read_without_running_anything(trained: Trained) -> None:
    checkpoints = list((trained.folder / "checkpoints").iterdir())
    assert len(checkpoints) >= 3
    for path in checkpoints:
        assert "state_dict" in torch.load(path, map_location="cpu", weights_only=True)


def test_a_table_by_length_is_printed(trained: Trained) -> None:
    assert "luong_general on the test split of grammar" in trained.said.stdout
    rows = re.findall(r"(?m)^ (overall|short|medium|long) +(\d+) ", trained.said.stdout)
    sentences = [trained.metrics["test/sentences" + end] for end in ("", "/short", "/medium", "/long")]
    assert rows == [(name, f"{count:.0f}") for name, count in zip(BUCKETS, sentences, strict=True)]


BUCKETS = ("overall", "short", "medium", "long")


def test_the_log_tells_the_training(trained: Trained) -> None:
    log = (trained.folder / "train.log").read_text("utf-8")
    for line in (
        r"luong_general on grammar, seed 0: [\d,]+ parameters",
        "train: kept 200 of 200",
        r"batches an epoch, \d+.\d% padding",
        "precision 32-true: as configured",
        "No logger",
        r"epoch 1, step \d+: train/loss",
    ):
        assert re.search(line, log), line
    assert trained.said.stderr == ""


def test_the_same_command_gives_the_same_figures(commands: Commands, trained: Trained) -> None:
    first, second = trained.metrics, commands.train("again", "seed=0").metrics
    for metrics in (first, second):
        del metrics["train/tokens_per_second"], metrics["test/tokens_per_second"]
    assert first == second


def test_another_seed_gives_others_and_csv_files_hold_the_curves(commands: Commands, trained: Trained) -> None:
    run = commands.train("csv", "logger=csv", "seed=1", "monitor=val/chrf")
    assert run.metrics["test/loss"] != trained.metrics["test/loss"]
    assert run.said.stderr == ""
    assert "curves go to" in run.said.stdout
    heading, *rows = next(run.folder.glob("csv/*/metrics.csv")).read_text("utf-8").splitlines()
    followed = {"train/loss", "train/learning_rate", "train/gradient_norm", "val/bleu", "val/loss"}
    assert {"epoch", "step", *followed} <= set(heading.split(","))
    assert len(rows) >= 2
    summary = json.loads(next(run.folder.glob("csv/*/summary.json")).read_text("utf-8"))
    assert {"parameters", "best/val/bleu", "best/val/chrf", "best/val/chrf/step", "test/bleu"} <= set(summary)
    assert (
        next(run.folder.glob("csv/*/tables/test_by_length.csv")).read_text("utf-8").startswith("length,sentences,BLEU")
    )
    assert (
        next(run.folder.glob("csv/*/tables/test_alignment.csv")).read_text("utf-8").startswith("length,AER,precision")
    )
    drawn = {path.stem for path in run.folder.glob("csv/*/images/*.png")}
    assert {"attention_1", "forced_attention_1", "bleu_by_length"} <= drawn


def test_wandb_runs_offline_without_asking(commands: Commands) -> None:
    run = commands.train("tracked", "logger=wandb")
    assert "wandb sync" in run.said.stdout
    assert len(list(run.folder.glob("wandb/offline-run-*/run-*.wandb"))) == 1
    assert not (commands.folder / "wandb").exists()
    assert run.said.stderr == ""


def test_a_multirun_leaves_a_folder_for_each_job(trained_many: list[Trained]) -> None:
    assert [run.folder.name for run in trained_many] == ["0_luong_dot", "1_no_attention"]
    assert all((run.folder / "checkpoints" / "model.ckpt").is_file() for run in trained_many)
    assert all(f"{run.folder.name[2:]} on the test split" in run.said.stdout for run in trained_many)


def test_multi30k_trains_as_it_is_with_the_double_space_of_line_16217(commands: Commands, multi30k_tok: Path) -> None:
    line = (multi30k_tok / "train.jsonl").read_text("utf-8").splitlines()[16_216]
    assert "  " in json.loads(line)["en"]
    limits = ("data.limit.validation=10", "data.limit.test=10", "trainer.limit_train_batches=3", "logger=none")
    places = (f"data.path={multi30k_tok}", "paths.outputs=multi30k", "paths.cache=cache")
    finished = commands("train", "data=multi30k_tok", *MODEL, *limits, *places, "trainer.max_epochs=1")
    assert finished.status == 0, finished.stderr
    assert "train: kept 29,000 of 29,000" in finished.stdout


# Evaluation


@pytest.fixture
def evaluate(commands: Commands, trained: Trained, tmp_path: Path) -> Callable[..., tuple[Finished, dict[str, float]]]:
    """What an evaluation says, and its figures."""

    def run(*arguments: str, run: str | Path = trained.folder) -> tuple[Finished, dict[str, float]]:
        places = (f"hydra.run.dir={tmp_path}/evaluation", "paths.cache=cache")
        said = commands("evaluate", f"run={run}", *places, *arguments)
        assert said.status == 0, said.stderr
        assert said.stderr == ""
        assert (tmp_path / "evaluation" / "translations.jsonl").is_file()
        return said, figures(tmp_path / "evaluation")

    return run


Evaluate = Callable[..., tuple[Finished, dict[str, float]]]


def test_an_evaluation_repeats_the_figures_of_the_run(evaluate: Evaluate, trained: Trained) -> None:
    said, metrics = evaluate()
    assert metrics.pop("test/tokens_per_second") > 0
    assert metrics == {name: pytest.approx(trained.metrics[name], rel=1e-5) for name in metrics}
    assert metrics["test/sentences"] == 20
    assert "luong_general on test of grammar" in said.stdout


def test_latest_is_the_newest_run(evaluate: Evaluate, trained: Trained) -> None:
    _, metrics = evaluate("paths.outputs=first", run="latest")
    assert metrics["test/loss"] == pytest.approx(trained.metrics["test/loss"], rel=1e-5)


def test_a_checkpoint_file_can_be_evaluated(evaluate: Evaluate, trained: Trained) -> None:
    _, metrics = evaluate(run=trained.folder / "checkpoints" / "last.ckpt")
    assert metrics["test/sentences"] == 20


def test_another_split_can_be_evaluated_with_another_search(evaluate: Evaluate, trained: Trained) -> None:
    # The validation after the best epoch was greedy, and so is this.
    limits = ("search=greedy", "search.length_limit.maximum=20")
    _, metrics = evaluate("split=validation", *limits)
    assert metrics["validation/bleu"] == pytest.approx(trained.metrics["best/val/bleu"], rel=1e-5)


def test_another_corpus_can_be_evaluated(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "test.en").write_text("the dog sleeps\nthe unheard-of word\n", encoding="utf-8")
    (tmp_path / "test.de").write_text("der Hund schläft\ndas unerhörte Wort\n", encoding="utf-8")
    said, metrics = evaluate("data=text", f"data.path={tmp_path}")
    assert "luong_general on test of text" in said.stdout
    assert metrics["test/sentences"] == 2
    assert "the run translates" not in said.stdout
    said, _ = evaluate("data=text", f"data.path={tmp_path}", "data.source_language=de", "data.target_language=en")
    assert "the run translates en into de, but the corpus is read from de to en: data.source_language" in said.stdout


def test_one_setting_of_the_own_data_can_be_changed(evaluate: Evaluate, trained: Trained) -> None:
    said, metrics = evaluate("+data.length.test=[20,null]")
    assert "test: kept" in said.stdout
    assert metrics["test/sentences"] == metrics["test/sentences/long"] == trained.metrics["test/sentences/long"]
    assert metrics["test/bleu"] == pytest.approx(trained.metrics["test/bleu/long"], rel=1e-5)


def test_one_setting_of_the_own_search_can_be_changed(evaluate: Evaluate, tmp_path: Path) -> None:
    evaluate("+search.beam_size=2")
    config = OmegaConf.load(tmp_path / "evaluation" / "config.yaml")
    assert (config.search.beam_size, config.search.length_limit.maximum) == (2, 20)


def test_gold_alignments_come_from_a_file_and_pictures_are_drawn(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "test.en").write_text("the dog sleeps\nthe cat\n", encoding="utf-8")
    (tmp_path / "test.de").write_text("der Hund schläft\ndie Katze\n", encoding="utf-8")
    corpus = ("data=text", f"data.path={tmp_path}")
    _, metrics = evaluate(*corpus)
    assert "test/attention_entropy" in metrics
    assert "test/aer" not in metrics
    gold = tmp_path / "gold.txt"
    gold.write_text("0-0 1-1 2p2\n0-0 1-1\n")
    _, with_gold = evaluate(*corpus, f"alignment_file={gold}", "pictures=2")
    assert 0 <= with_gold["test/aer"] <= 1
    gold.write_text("0-0 1-1 2p2\n\n")
    said, half = evaluate(*corpus, f"alignment_file={gold}", "pictures=3")
    assert "test: gold alignments of 1 of 2 pairs" in said.stdout
    assert "pictures: 2, as no other source has up to 40 words" in said.stdout
    assert 0 <= half["test/aer"] <= 1
    del metrics["test/tokens_per_second"]
    assert {name: with_gold[name] for name in metrics} == metrics
    pictures = sorted((tmp_path / "evaluation").glob("*.png"))
    assert [path.name for path in pictures] == ["attention_1.png", "attention_2.png"]
    assert matplotlib.image.imread(pictures[0]).shape[0] > 50


# Translation

SENTENCES = ["the dog sleeps", "the old man sees the cat"]


def test_sentences_come_from_the_command_line_a_file_or_standard_input(
    translate: Callable[..., Finished], tmp_path: Path
) -> None:
    text = "".join(f"{sentence}\n" for sentence in SENTENCES).encode()
    (tmp_path / "sentences.en").write_bytes(text)
    spoken, read = translate(*SENTENCES), translate(f"input={tmp_path}/sentences.en")
    piped, dashed = translate(stdin=text), translate("input=-", stdin=text)
    assert spoken.status == 0
    assert len(spoken.stdout.splitlines()) == 2
    assert spoken.stdout == read.stdout == piped.stdout == dashed.stdout
    windows = translate(stdin=BOM_UTF8 + text.replace(b"\n", b"\r\n")[:-2])
    assert windows.stdout == spoken.stdout


def test_what_follows_two_dashes_is_a_sentence(translate: Callable[..., Finished]) -> None:
    assert len(translate("--", "- x=3", "--help").stdout.splitlines()) == 2


ODD_LINES: dict[str, bytes] = {
    "empty": b"",
    "blanks": b"   ",
    "tabs": b"\t\t",
    "tab inside": b"the\tdog",
    "control": b"the\x00dog\x07 \x1b[31msleeps\x1b[0m\x0b\x0c\x1c",
    "line separators": "the dog\u2028sleeps\u2029and\x85the cat".encode(),
    "carriage return": b"the dog\rsleeps",
    "emoji": "the 🐕‍🦺 sleeps 👩‍👩‍👧‍👦".encode(),
    "right to left": "הכלב ישן\u200f العربية".encode(),
    "combining": "e\u0301\u0301\u0301\u0301 \ufeff\u200b".encode(),
    "special tokens": b"<pad> <unk> <bos> <eos> <s> </s>",
    "long word": b"x" * 20_000,
    "long": b"the dog " * 2_500,
    "spaced": b"  the   dog  sleeps ",
    "private": "\ue000\U0010ffff\ufffd".encode(),
}
WORDLESS = ("empty", "blanks", "tabs")


@pytest.mark.parametrize("batch_size", [1, 64])
def test_every_line_has_one_line_whatever_it_holds(translate: Callable[..., Finished], batch_size: int) -> None:
    finished = translate(f"batch_size={batch_size}", stdin=b"\n".join(ODD_LINES.values()))
    assert finished.status == 0, finished.stderr
    lines = finished.stdout.split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(finished.stdout.splitlines()) == len(ODD_LINES)
    assert {name: bool(line) for name, line in zip(ODD_LINES, lines, strict=True)} == {
        name: name not in WORDLESS for name in ODD_LINES
    }
    assert "\x1b" not in finished.stderr


def test_a_line_that_is_not_utf8_becomes_an_empty_one_and_fails_at_the_end(translate: Callable[..., Finished]) -> None:
    finished = translate(stdin=b"the dog sleeps\n\xff\xfe dog\nthe cat\nthe \xc3\n")
    first, second, third, fourth, end = finished.stdout.split("\n")
    assert (bool(first), second, bool(third), fourth, end) == (True, "", True, "", "")
    assert finished.status == 2
    said = [line for line in finished.stderr.splitlines() if "unknown to the model" not in line]
    assert said == [
        "line 2: a line is UTF-8 text, but its byte 1 is not: convert the input.",
        "line 4: a line is UTF-8 text, but its byte 5 is not: convert the input.",
        "error: every line gets a translation, but 2 of 4 could not be read: see the lines above.",
    ]


def test_an_argument_that_is_not_utf8_fails_alike_and_output_is_utf8_everywhere(
    commands: Commands, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(commands.environment, "PYTHONIOENCODING", "ascii:strict")
    finished = commands.alone("translate", f"run={trained.folder}", b"\xff dog", "the dog sleeps", "ein Köter")
    assert [bool(line) for line in finished.stdout.splitlines()] == [False, True, True]
    assert finished.status == 2
    assert "line 1: a line is UTF-8 text, but its byte 1 is not" in finished.stderr


def test_nothing_in_nothing_out(translate: Callable[..., Finished]) -> None:
    finished = translate(stdin=b"")
    assert (finished.status, finished.stdout, finished.stderr) == (0, "", "")


def test_the_best_few_come_with_their_log_probabilities(translate: Callable[..., Finished]) -> None:
    best = translate("the dog sleeps").stdout.rstrip("\n")
    lines = translate("search.num_hypotheses=3", "the dog sleeps").stdout.splitlines()
    assert len(lines) == 3
    assert lines[0].split("\t")[1] == best
    assert all(float(line.split("\t")[0]) < 0 for line in lines)
    assert len({line.split("\t")[1] for line in lines}) == 3


def test_attention_is_shown_as_text(translate: Callable[..., Finished]) -> None:
    finished = translate("attention=text", "the dog sleeps")
    assert finished.status == 0
    translation, *picture = finished.stdout.splitlines()
    assert translation
    assert any(re.search(r"\d:dog 0\.\d\d", line) for line in picture)


def test_attention_is_drawn_for_each_sentence(translate: Callable[..., Finished], tmp_path: Path) -> None:
    one = translate(f"attention={tmp_path}/map.png", "the dog sleeps")
    assert one.stderr == f"attention: {tmp_path}/map.png\n"
    two = translate(f"attention={tmp_path}/map.png", "the dog sleeps", "the cat")
    assert two.stderr == f"attention: {tmp_path}/map-1.png\nattention: {tmp_path}/map-2.png\n"
    for path in tmp_path.glob("*.png"):
        height, width, channels = matplotlib.image.imread(path).shape
        assert min(height, width) > 50
        assert channels in (3, 4)
    assert len(list(tmp_path.glob("*.png"))) == 3


def test_links_are_written_beside_each_translation(translate: Callable[..., Finished]) -> None:
    plain = translate(*SENTENCES).stdout.splitlines()
    for sentence, translation, line in zip(
        SENTENCES, plain, translate("attention=pharaoh", *SENTENCES).stdout.splitlines(), strict=True
    ):
        text, links = line.split(" ||| ")
        assert text == translation
        sizes = (len(sentence.split()), len(text.split()))
        read_gold(links, source_size=sizes[0], target_size=sizes[1], place="the output")
    best, second = translate("attention=pharaoh", "search.num_hypotheses=2", SENTENCES[0]).stdout.splitlines()
    assert re.fullmatch(r"-\d+\.\d{4}\t[^|]* \|\|\| [-\d ]*", second)
    assert best.split("\t")[1].startswith(plain[0])
    unread = translate("attention=pharaoh", stdin=b"the dog\n\n\xff\n")
    assert unread.status == 2
    assert [line.split(" ||| ")[1:] for line in unread.stdout.split("\n")[1:]] == [[""], [""], []]


@pytest.fixture(scope="session")
def trained_few_words(commands: Commands) -> Trained:
    """A model that knows one word a side, so that greedy search says <unk> all the time."""
    return commands.train("few_words", "data.tokenizer.max_size=1")


def test_unknown_words_are_copied_or_looked_up(commands: Commands, trained_few_words: Trained, tmp_path: Path) -> None:
    line = "Ada sees Bob and the dog ."

    def say(*arguments: str) -> list[str]:
        finished = commands("translate", f"run={trained_few_words.folder}", "search=greedy", *arguments, line)
        assert finished.status == 0, finished.stderr
        return finished.stdout.split()

    plain, copied = say(), say("unknown_words=copy")
    unknown = [place for place, word in enumerate(plain) if word == "<unk>"]
    assert unknown
    assert len(copied) == len(plain)
    for place, word in enumerate(copied):
        assert word in line.split() if place in unknown else word == plain[place]
    (tmp_path / "words.txt").write_text(
        "".join(f"{word}\tnew_{word}\n" for word in line.split()[:-1]), encoding="utf-8"
    )
    looked_up = say("unknown_words=dictionary", f"unknown_words.path={tmp_path}/words.txt")
    new = [f"new_{word}" if place in unknown and word != "." else word for place, word in enumerate(copied)]
    assert looked_up == new
    aligned = say("unknown_words=copy", "attention=pharaoh")
    assert aligned[: len(copied) + 1] == [*copied, "|||"]
    # Every copied word is linked to the place it was copied from, unless EOS weighs more.
    for source, target in (link.split("-") for link in aligned[len(copied) + 1 :]):
        if int(target) in unknown:
            assert copied[int(target)] == line.split()[int(source)]


def test_unknown_words_are_named(translate: Callable[..., Finished]) -> None:
    said = translate("the xyzzy sleeps", "the dog", "a \x1b[31m " + " ".join(f"x{number}" for number in range(30)))
    first, second = said.stderr.splitlines()
    assert first == "line 1: unknown to the model: xyzzy"
    assert second.startswith("line 3: unknown to the model: □[31m x0 x1 x2")
    assert second.endswith("and 21 more")
    assert len(said.stdout.splitlines()) == 3
