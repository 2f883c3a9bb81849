"""Every mistake ends its command with one line that names rule, value and remedy, and a status other than 0."""

import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import MODEL, TINY, Commands, Trained

MakeCorpus = Callable[..., list[str]]
OUTPUTS = ("paths.outputs=bad", "paths.cache=cache")

MISTAKES = {
    # choices
    "unknown model": (
        ["model=foo"],
        "model has no choice foo: choose one of bahdanau, luong, luong_additive, luong_concat",
    ),
    "unknown part": (["model/attention=foo"], "model/attention has no choice foo: choose one of additive, concat"),
    "unknown logger": (["logger=foo"], "^logger=foo: logger has no choice foo: choose one of csv, none, wandb"),
    "no such part": (["model=no_attention", "model/attention=dot"], "the chosen model has no model.attention"),
    "only a part": (["model=base"], "^model=base: this is a part of the other choices and none by itself"),
    "dot for slash": (
        ["model.attention=none"],
        "the name of a file in conf/model/attention/, model/attention=NAME",
    ),
    "no choice": (["seed=1", "logger=null"], "^logger=null: null is no choice of a group: leave it out; --help shows"),
    "mis-spelt group": (["modle=luong_dot"], "^modle=luong_dot: there is no value modle to change: did you mean model"),
    # settings
    "mis-spelt value": (["model.hiden_size=3"], "no value model.hiden_size to change: did you mean model.hidden_size"),
    "no path": (["hidden_size=3"], "did you mean model.hidden_size or data.recipe.hidden_size"),
    "nothing like it": (["foo=1"], "there is no value foo to change: python train.py --help shows all"),
    "no inner value": (
        ["data.length.buckets={new:[1,2]}"],
        r"no data.length.buckets.new to change: \+data.length.buckets.new=VALUE adds it, and '~data.length.buckets' "
        r"'\+data.length.buckets=\{new:\[1,2\]\}' replaces all of data.length.buckets",
    ),
    "no buckets": (["data.length.buckets=null"], "data.length.buckets holds values by name, but it is None: leave it"),
    "no fine buckets": (["data.length.fine=null"], "data.length.fine holds values by name, but it is None: leave it"),
    "fine bucket": (["data.length.fine.maximum=null"], "step is 5 and maximum None: mend data.length.fine"),
    "a bucket of all": (
        ["+data.length.buckets.overall=[100,null]", "data.length.buckets.long=[20,99]"],
        "'overall' stands for all sentences, but data.length.buckets uses it: rename that bucket",
    ),
    "no equals sign": (["luong_dot"], "^luong_dot: a setting reads KEY=VALUE"),
    "broken syntax": (["model.hidden_size=[1,"], r"^model.hidden_size=\[1,: a setting reads KEY=VALUE"),
    "needless plus": ([r"+seed=1"], r"^\+seed=1: there is a seed already: leave out the \+"),
    "deleted nothing": (["~model.foo"], "'model.foo' does not exist: mend the setting"),
    "no multirun": (["seed=1,2"], "^seed=1,2 names several values: add -m"),
    # types and ranges
    "epochs": (["trainer.max_epochs=abc"], "trainer.max_epochs takes a whole number or null, but it is 'abc'"),
    "seed": (["seed=abc"], "seed is a whole number from 0 to 4294967295, not 'abc'"),
    "size": (["model.hidden_size=abc"], "model.hidden_size takes a whole number, but it is 'abc'"),
    "odd size": (["model.hidden_size=15"], "a bidirectional encoder needs an even memory_size, not 15"),
    "dropout": (["model.dropout=2"], r"model.network cannot be built \(dropout probability has to be between 0 and 1"),
    "split size": (["data.train_size=-1"], "train_size is -1, but every split needs a pair"),
    "limit": (["data.limit.train=-3"], "data.limit takes whole numbers from 1 .* data.limit.train is -3"),
    "limit type": (["data.limit.train=abc"], "data.limit.train takes a whole number or null, but it is 'abc'"),
    "empty lines": (["data.empty_lines=keep"], "Empty lines are dropped or refused, but data.empty_lines is keep"),
    "rate": (["optimizer.lr=abc"], "optimizer.lr takes a number, but it is 'abc'"),
    "negative rate": (["optimizer.lr=-1"], r"optimizer cannot be built \(Invalid learning rate: -1\)"),
    "beam": (["search.beam_size=0"], "num_hypotheses is 1 and beam_size 0: raise search.beam_size"),
    "compile": (["compile=abc"], "compile is true or false, not 'abc': false is faster on a CPU"),
    "averaging": (["average_checkpoints=0"], "average_checkpoints is a whole number from 1, not 0"),
    # what does not go together
    "unequal sizes": (["model=luong_dot", "model.attention.memory_size=8"], "dot needs memory_size == query_size"),
    "nothing of the source": (
        ["model=no_attention_context", "model/bridge=zero"],
        "sees its source by attention or by its first state, but this one has no attention and model/bridge=zero",
    ),
    "unequal parts": (["model.network.encoder.memory_size=8"], "the parts of a model must fit together"),
    "two vocabularies": (["model.network.embeddings.tie_sides=true"], "tie_sides needs one vocabulary for both sides"),
    "unequal depths": (["model.network.decoder.num_layers=2"], "the parts of a model must fit together"),
    "monitor": (["monitor=val/foo"], "monitor names a metric of the validation, but val/foo is none: choose val/"),
    "schedule": (["schedule=plateau", "schedule.monitor=foo"], "conditioned on metric foo which is not available"),
    "another checkpoint": (
        ["callbacks.checkpoint.monitor=val/loss", "callbacks.checkpoint.mode=min"],
        "that of monitor_mode=max of val/bleu, but callbacks.checkpoint.monitor is val/loss: set monitor and monitor_m",
    ),
    "no checkpoint": (["callbacks.checkpoint=null"], "the best checkpoint is tested, but callbacks.checkpoint is null"),
    "validation search": (["validation_search=beam"], "file in conf/search/, search@validation_search=NAME"),
    "loss": (["loss=none"], "loss must be a component .*, or where there is none set its values, loss.KEY=VALUE"),
    "sampling": (["scheduled_sampling=abc"], r"scheduled_sampling is a probability in \[0, 1\], not 'abc': 0 is off"),
    "sampling as a truth": (["scheduled_sampling=true"], r"scheduled_sampling is a probability in \[0, 1\], not True"),
    # what would be found only after an epoch, or after all of them
    "coverage without attention": (
        ["model=no_attention", "search.coverage_penalty=0.2"],
        "a coverage penalty needs attention weights, but coverage_penalty is 0.2 and this model has none",
    ),
    "evaluation budget": (["data.evaluation_batch.max_tokens=5"], "max_tokens is 5 and the longest pair has"),
    "objectives": (["objectives=parameters"], "objectives is a list of figures, not 'parameters': try 'objectives="),
    "unmeasured objective": (
        ["callbacks.throughput=null", "objectives=[best/val/bleu,train/tokens_per_second]"],
        "objectives has train/tokens_per_second, which callbacks.throughput measures, but this is null",
    ),
    "half a validation": (
        ["trainer.limit_val_batches=0.5"],
        r"scores the whole split, so that trainer.limit_val_batches is 1.0, but it is 0.5: make the splits smaller",
    ),
    "one batch": (["trainer.limit_val_batches=1"], "trainer.limit_val_batches is 1.0, but it is 1: make the splits"),
    "dry run": (["+trainer.fast_dev_run=true"], "trainer.fast_dev_run is False, but it is True: make the splits small"),
    "overfitting": (["+trainer.overfit_batches=3"], "trainer.overfit_batches is 0.0, but it is 3: make the splits"),
    "no validation": (
        ["trainer.check_val_every_n_epoch=5"],
        "with trainer.check_val_every_n_epoch=5 and trainer.max_epochs=2 there is none: lower the first",
    ),
    "monitored bucket": (
        ["monitor=val/bleu/long", "data.length.validation=[1,9]"],
        "monitor is val/bleu/long, but no source of the validation split is long: monitor another figure, or widen",
    ),
    "no end of an epoch": (
        ["trainer.max_steps=1"],
        r"but trainer.max_steps=1 ends training before the first, after \d+ steps: raise it, or set",
    ),
    "no step": (
        ["trainer.accumulate_grad_batches=0"],
        "trainer.accumulate_grad_batches is a number from 1, but it is 0",
    ),
    "no check": (
        ["trainer.check_val_every_n_epoch=0"],
        "trainer.check_val_every_n_epoch is a number from 1, but it is",
    ),
    "no line": (["logger=csv", "logger.flush_every=0"], "logger.flush_every is a number of lines from 1, but it is 0"),
    "no patience": (
        ["callbacks.early_stopping.patience=-1"],
        "callbacks.early_stopping.patience is a number of validations from 0, but it is -1: raise it, or set",
    ),
    "stopping by a loss": (
        ["callbacks.early_stopping.monitor=val/loss"],
        "callbacks.early_stopping.mode is min for val/loss, of which less is better, but it is max: set callbacks",
    ),
    "a plateau of bleu": (
        ["schedule=plateau", "schedule.monitor=val/bleu"],
        "schedule.mode is max for val/bleu, of which more is better, but it is min: set schedule.mode=max",
    ),
    "warm-up": (["schedule.warmup_steps=-5"], "schedule.warmup_steps is a number of steps from 0, not -5"),
    "a checkpoint elsewhere": (
        ["callbacks.checkpoint.dirpath=/tmp/elsewhere"],
        "writes into its own folder, .*, but its callbacks.checkpoint.dirpath is /tmp/elsewhere: leave it as it is",
    ),
    "a callback without a logger": (
        ["+callbacks.rate._target_=lightning.pytorch.callbacks.LearningRateMonitor"],
        r"training cannot begin \(Cannot use .*LearningRateMonitor.* with .*no logger.*\): change trainer or callbacks",
    ),
    "no epoch": (["trainer.max_epochs=0"], "no validation has logged it: let training run to the end of an epoch"),
    "no end": (["trainer.max_epochs=-1"], "a training without an end has no schedule"),
    # the machine
    "precision": (["trainer.precision=foo"], "trainer.precision is one of auto, 32-true.* but it is foo"),
    "accelerator": (["trainer.accelerator=foo"], "trainer cannot be built .*Available names are: auto"),
    "output folder": (
        ["paths.outputs=a_file/outputs"],
        r"cannot be written \(Not a directory\): .*paths.outputs=FOLDER",
    ),
    "log": (["hydra.run.dir=log_folder"], r"train.log, which cannot be written \(Is a directory\)"),
    "cache": (["paths.cache=a_file/cache"], r"a_file/cache cannot be written \(Not a directory\)"),
    # data
    "small budget": (
        ["data.batch.max_tokens=5"],
        r"max_tokens is 5 and the longest pair has .* raise max_tokens of data.batch \(of data.evaluation_batch for",
    ),
    "nothing left": (["data.length.train=[500,600]"], "kept 0 of 200: 200 shorter than 500 words: widen data.length"),
    "no range": (["data.length.train=abc"], r"data.length.train is abc: write for example data.length.train=\[1,9\]"),
    "over the limit": (
        ["model=luong_location", "model.attention.max_source_length=10"],
        "location scores at most 10 source positions, but this batch has .* filter long sources with data.length",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_training_refuses(commands: Commands, mistake: str) -> None:
    (commands.folder / "a_file").touch()
    (commands.folder / "log_folder" / "train.log").mkdir(parents=True, exist_ok=True)
    arguments, message = MISTAKES[mistake]
    assert re.search(message, commands("train", *TINY, *OUTPUTS, *arguments).error)


def test_training_refuses_an_accelerator_that_is_not_there(commands: Commands) -> None:
    arguments = (*TINY, *OUTPUTS, "trainer.accelerator=gpu")
    error = commands("train", *arguments, environment={"CUDA_VISIBLE_DEVICES": ""}).error
    assert error == (
        "trainer.accelerator names a device of this machine, but gpu is none: set trainer.accelerator=auto."
    )


def test_the_trace_of_a_mistake_is_shown_on_request(commands: Commands) -> None:
    finished = commands("train", "model=foo", environment={"HYDRA_FULL_ERROR": "1"})
    assert finished.status == 2
    assert "Traceback" in finished.stderr
    assert finished.stderr.splitlines()[-1].startswith("error: model=foo: model has no choice foo")


@pytest.fixture
def make_corpus(tmp_path: Path) -> MakeCorpus:
    """Writes parallel text of ten pairs a split, some files replaced, and returns the arguments that read it."""

    def make(**files: bytes | None) -> list[str]:
        lines = [f"{word} sleeps" for word in "abcdefghij"]
        whole = {f"{split}_{side}": "".join(f"{line}\n" for line in lines).encode() for split, side in FILES}
        for name, content in {**whole, **files}.items():
            if content is not None:
                (tmp_path / name.replace("_", ".")).write_bytes(content)
        return ["data=text", f"data.path={tmp_path}", "data/tokenizer=words", "logger=none", *MODEL, *OUTPUTS]

    return make


FILES = [(split, side) for split in ("train", "validation", "test") for side in ("en", "de")]
TEN = b"".join(b"a sleeps\n" for _ in range(10))


def test_text_that_pairs_up_is_trained_on(commands: Commands, make_corpus: MakeCorpus) -> None:
    assert commands("train", *make_corpus()).status == 0


def test_empty_lines_are_dropped_and_counted(commands: Commands, make_corpus: MakeCorpus) -> None:
    said = commands("train", *make_corpus(train_en=b"\n  \n" + TEN[:-18]))
    assert said.status == 0, said.stderr
    assert "train: kept 8 of 10: 2 with an empty side" in said.stdout


def test_empty_lines_are_refused_on_request(commands: Commands, make_corpus: MakeCorpus) -> None:
    error = commands("train", *make_corpus(test_de=TEN[9:] + b"\n"), "data.empty_lines=refuse").error
    assert "pair 10 of split test has an empty target: mend the corpus, or set data.empty_lines=drop" in error


CORPORA: dict[str, tuple[dict[str, bytes | None], list[str], str]] = {
    "unequal length": (
        {"train_de": TEN[9:]},
        [],
        r"train.en has 10 lines and \S+train.de has 9: find the missing lines",
    ),
    "not UTF-8": ({"test_de": TEN[9:] + b"gr\xfc\xdfe\n"}, [], r"line 10 of \S+test.de is not: convert the file"),
    "empty split": (
        {"test_en": b"", "test_de": b""},
        [],
        "at least one pair, but test of text is empty: mend data.path",
    ),
    "no partner": ({"train_de": None}, [], r"train.en has no partner \S+train.de: add it"),
    "missing split": (
        {"validation_en": None, "validation_de": None},
        [],
        "text needs a validation split, but has only train, test: name it with data.splits.validation, or give its "
        r"file with 'data.path=\{validation:FILE\}', or cut it from train with data.validation_size=<pairs>",
    ),
    "wrong language": ({}, ["data.target_language=fr"], "train.en has no partner .*train.fr"),
    "filter": ({}, ["data.length.test=[3,9]"], "of test in text the selection kept 0 of 10: 10 shorter than 3 words"),
    "missing file": ({}, ["data.path=/nowhere/train"], "/nowhere/train does not exist .*: mend data.path"),
    "no path": ({}, ["data.path=null"], "files of your own, but data.path is null: give data.path=<folder>"),
    "a path of another type": ({}, ["data.path=3"], "data.path takes text or names with text or null, but it is 3"),
    "vocabulary": (
        {},
        ["data/tokenizer=bytepair", "data.vocab_size=4"],
        "more than its 4 special ids, but vocab_size is 4",
    ),
}


@pytest.mark.parametrize("mistake", CORPORA)
def test_training_refuses_a_corpus(commands: Commands, make_corpus: MakeCorpus, mistake: str) -> None:
    files, arguments, message = CORPORA[mistake]
    assert re.search(message, commands("train", *make_corpus(**files), *arguments).error)


def test_a_preset_without_a_hub_asks_for_a_path(commands: Commands) -> None:
    error = commands("train", "data=multi30k_tok", "logger=none", *MODEL, *OUTPUTS).error
    assert "multi30k_tok lies in files of your own, but data.path is null: give data.path=<folder>" in error


@pytest.mark.parametrize(("name", "content"), [("jsonl", '{"en": "a", "fr": "b"}'), ("csv", "en,fr\na,b")])
def test_a_missing_column_is_named_with_those_there_are(
    commands: Commands, tmp_path: Path, name: str, content: str
) -> None:
    for split in ("train", "validation", "test"):
        (tmp_path / f"{split}.{name}").write_text(f"{content}\n")
    error = commands("train", "data=text", f"data.path={tmp_path}", "logger=none", *MODEL, *OUTPUTS).error
    assert "read from the column de, but split train has the columns en, fr: set data.target_column" in error


def test_a_hub_that_does_not_answer_is_given_up_within_ten_seconds(commands: Commands) -> None:
    start = time.monotonic()
    error = commands("train", "data=multi30k", "logger=none", *MODEL, *OUTPUTS).error
    assert time.monotonic() - start < 10
    assert "bentrevett/multi30k is neither a folder here nor in the cache" in error
    assert "connect to the network once" in error
    assert "give data.path=<local folder or file>" in error


RUNS = {
    "no such run": (["run=nowhere"], "run names the folder or checkpoint of a run, but nowhere does not exist"),
    "no run yet": (
        ["run=latest", "paths.outputs=empty"],
        "run=latest needs a finished run, but empty has none: train one with python train.py",
    ),
    "outputs like a number": (
        ["run=latest", "paths.outputs=2026"],
        "run=latest needs a finished run, but 2026 has none",
    ),
    "no run at all": (["run=3"], "but 3 does not exist: try run=latest"),
    "another folder": (["run=."], "a run has a file composed.yaml, but it cannot be read"),
    "device": (["device=foo"], "device names a device of this machine, but foo is none: try device=auto"),
    "no such value": (["rnu=latest"], "^rnu=latest: there is no value rnu to change: did you mean run"),
    "search": (["search=foo"], "search has no choice foo: choose one of beam, greedy, sampling"),
}


@pytest.mark.parametrize(
    ("command", "mistake"),
    [*(("evaluate", mistake) for mistake in RUNS), ("translate", "no run yet"), ("translate", "no such value")],
)
def test_a_run_is_named_right(commands: Commands, command: str, mistake: str) -> None:
    arguments, message = RUNS[mistake]
    assert re.search(message, commands(command, *OUTPUTS, *arguments).error)


@pytest.fixture(params=["evaluate", "translate"])
def use(request: pytest.FixtureRequest, commands: Commands) -> Callable[..., str]:
    """The error of one of both commands that use a run."""

    def use_run(run: Path, *arguments: str) -> str:
        return commands(str(request.param), f"run={run}", *OUTPUTS, *arguments).error

    return use_run


@pytest.fixture
def copied(trained: Trained, tmp_path: Path) -> Path:
    """A copy of a run, to be damaged."""
    return Path(shutil.copytree(trained.folder, tmp_path / "copy"))


@pytest.mark.parametrize("left", [0, 20_000])
def test_a_truncated_checkpoint_is_refused(use: Callable[..., str], copied: Path, left: int) -> None:
    checkpoint = copied / "checkpoints" / "model.ckpt"
    assert checkpoint.stat().st_size > left
    os.truncate(checkpoint, left)
    assert re.search(
        "model.ckpt is no whole attnlab checkpoint .* it may be truncated or altered; name another", use(copied)
    )


def test_a_checkpoint_of_another_architecture_is_refused(
    use: Callable[..., str], copied: Path, trained_plain: Trained
) -> None:
    checkpoint = copied / "checkpoints" / "other.ckpt"
    shutil.copy(trained_plain.folder / "checkpoints" / "model.ckpt", checkpoint)
    error = use(checkpoint)
    assert "other.ckpt belongs to another architecture: decoder." in error
    assert "use the checkpoint with its own run folder" in error


def test_a_run_without_its_tokenizer_is_refused(use: Callable[..., str], copied: Path) -> None:
    (copied / "tokenizer" / "target.json").unlink()
    assert "target.json holds a run's tokenizer, but it does not exist" in use(copied)


def test_a_run_without_its_configuration_is_refused(use: Callable[..., str], copied: Path) -> None:
    (copied / "composed.yaml").write_text("model: [")
    assert "composed.yaml is no configuration of a run: restore it, or name another run" in use(copied)


EVALUATIONS = {
    "split": (["split=foo"], "split is one of train, validation, test, but it is foo"),
    "own data": (["data.limit.test=5"], r"data is the run's own unless it is chosen: \+data.limit.test=5 changes"),
    "own search": (["search.beam_size=2"], r"search is the run's own unless it is chosen: \+search.beam_size=2"),
    "no such data": (["+data.lenght.test=[1,5]"], "but the run has no data.lenght: see its config.yaml"),
    "no such search": (["+search.beam=2"], "but the run has no search.beam: see its config.yaml"),
    "nothing left": (["+data.length.test=[500,600]"], "kept 0 of 20: 20 shorter than 500 words"),
    "other data": (["data=text", "data.path=/nowhere/train"], "/nowhere/train does not exist"),
    "small budget": (["+data.evaluation_batch.max_tokens=3"], "max_tokens is 3 and the longest pair has"),
    "output folder": (["paths.outputs=a_file/outputs"], r"cannot be written \(Not a directory\)"),
    "alignment file": (["alignment_file=nowhere.txt"], r"nowhere.txt cannot be read \(No such file"),
    "alignments of others": (["alignment_file=a_file"], r"a_file has 0 lines for 20 pairs \(test: kept 20 of 20\)"),
    "a name like a part": (["split=basement"], "^split is one of train, validation, test, but it is basement"),
    "pictures": (["pictures=-1"], "pictures is a number of sentences from 0, not -1: try pictures=4"),
    "pictures type": (["pictures=all"], "pictures is a number of sentences from 0, not 'all'"),
}


@pytest.mark.parametrize("mistake", EVALUATIONS)
def test_evaluation_refuses(commands: Commands, trained: Trained, mistake: str) -> None:
    (commands.folder / "a_file").touch()
    arguments, message = EVALUATIONS[mistake]
    assert re.search(message, commands("evaluate", f"run={trained.folder}", *OUTPUTS, *arguments).error)


@pytest.mark.parametrize("setting", ["alignment_file=gold.txt", "pictures=1"])
def test_attention_of_a_model_without_it_is_not_evaluated(
    commands: Commands, trained_plain: Trained, setting: str
) -> None:
    error = commands("evaluate", f"run={trained_plain.folder}", *OUTPUTS, setting).error
    assert error == (
        f"{setting.partition('=')[0]} asks what the model looked at, but this model has no attention: leave it out."
    )


def test_evaluation_refuses_a_source_over_the_limit(commands: Commands, trained_location: Trained) -> None:
    arguments = (f"run={trained_location.folder}", *OUTPUTS, "+data.length.test=[12,20]")
    assert "location scores at most 12 source positions, but this batch has" in commands("evaluate", *arguments).error


TRANSLATIONS = {
    "attention": (
        ["attention=foo"],
        r"attention is text, pharaoh or the name of a picture \(.png, .svg, .pdf\), not foo",
    ),
    "unknown words": (["unknown_words=foo"], "unknown_words has no choice foo: choose one of copy, dictionary"),
    "dictionary": (
        ["unknown_words=dictionary", "unknown_words.path=nowhere.txt"],
        r"unknown_words.path names a dictionary, but nowhere.txt cannot be read \(No such file or directory\)",
    ),
    "no dictionary": (["unknown_words=dictionary"], "unknown_words.* give"),
    "picture": (
        ["attention=a_file/map.png"],
        "must be written to a_file/map.png, but that failed .*: choose another place",
    ),
    "missing file": (["input=nowhere.txt"], r"input names a text file, but nowhere.txt cannot be read \(No such file"),
    "a file like a number": (["input=2024"], "input names a text file, but 2024 cannot be read"),
    "sentences and a file": (
        ["a cat", "input=there.txt"],
        "sentences of the command line or those of a file, but both are there, input=there.txt: leave one out",
    ),
    "folder": (["input=."], r"input names a text file, but \S+ cannot be read \(Is a directory\)"),
    "batch size": (["batch_size=0"], "batch_size is a number of lines from 1, not 0: try batch_size=64"),
    "batch size type": (["batch_size=abc"], "batch_size is a number of lines from 1, not 'abc'"),
    "hypotheses": (["search.num_hypotheses=9"], "num_hypotheses is 9 and beam_size 5: raise search.beam_size"),
    "beam type": (["search.beam_size=abc"], "search.beam_size takes a whole number, but it is 'abc'"),
}


@pytest.mark.parametrize("mistake", TRANSLATIONS)
def test_translation_refuses(commands: Commands, trained: Trained, mistake: str) -> None:
    (commands.folder / "a_file").touch()
    arguments, message = TRANSLATIONS[mistake]
    sentences = [] if any(each.startswith("input") for each in arguments) else ["the dog"]
    assert re.search(message, commands("translate", f"run={trained.folder}", *arguments, *sentences).error)


@pytest.mark.parametrize("setting", ["attention=text", "attention=pharaoh", "unknown_words=copy"])
def test_attention_of_a_model_without_it_is_refused_before_translating(
    commands: Commands, trained_plain: Trained, setting: str
) -> None:
    finished = commands("translate", f"run={trained_plain.folder}", setting, "the dog")
    assert finished.error == (
        f"{setting.partition('=')[0]} asks what the model looked at, but this model has no attention: leave it out."
    )
    assert finished.stdout == ""


def test_a_sentence_over_the_limit_costs_no_other_its_translation(
    commands: Commands, trained_location: Trained
) -> None:
    sentences = ["the dog sleeps", "the dog " * 6, "the cat"]
    finished = commands("translate", f"run={trained_location.folder}", *sentences)
    first, second, third = finished.stdout.splitlines()
    assert first
    assert second == ""
    assert third
    complaint, end = (line for line in finished.stderr.splitlines() if "unknown to the model" not in line)
    assert complaint.startswith("line 2: location scores at most 12 source positions, but this batch has 13")
    assert end == "error: every line gets a translation, but 1 of 3 could not be read: see the lines above."
    assert finished.status == 2


# What follows runs as processes of their own, from the interpreter's start to its end.


def test_an_unknown_model_is_refused_from_the_shell(commands: Commands) -> None:
    assert "model has no choice foo: choose one of bahdanau" in commands.alone("train", "model=foo").error


def test_an_unwritable_folder_is_refused_from_the_shell(commands: Commands) -> None:
    (commands.folder / "a_file").touch()
    error = commands.alone("train", "paths.outputs=a_file/outputs").error
    assert re.search(r"a_file/outputs/\S+, which cannot be written \(Not a directory\)", error)


def test_a_reader_that_has_seen_enough_is_no_mistake(commands: Commands) -> None:
    read, write = os.pipe()
    os.close(read)
    process = commands.start("train", "--help", stdout=write)
    os.close(write)
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (141, b"")
