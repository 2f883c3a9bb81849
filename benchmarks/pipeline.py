"""What the data pipeline takes: time and memory to make, read and prepare a corpus, to start on it, and its throughput.

    python benchmarks/pipeline.py
    python benchmarks/pipeline.py --pairs 300000 3000000

Each stage runs in a process of its own on a corpus of the grammar: `generate` draws it; `read ...` loads the same
pairs from files; `prepare` selects, learns tokenizers and tokenises; `start` finds it prepared and gives the first
batch of training; `epoch` gives all of them as fast as it can. On the first corpus, epochs and steps of training take
turns. Memory is what the stage and its processes hold for themselves (Pss_Anon, sampled): pages of files that are
mapped are the system's, which drops them when it needs the room; with them it is given beside. Linux only.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import report
import torch
from alternating import Alternated, alternate

from attnlab.data.batch import Batch
from attnlab.data.bucketing import BatchBudget
from attnlab.data.corpus import TranslationCorpus
from attnlab.data.grammar.corpus import GrammarCorpus
from attnlab.data.lengths import LengthBuckets
from attnlab.data.prepare import PreparedData
from attnlab.data.prepare import prepare as prepare_corpus
from attnlab.data.selection import Selection, stream
from attnlab.text.trainers import BytePairTrainer, WordTrainer
from attnlab.training.datamodule import TranslationDataModule

WORK = report.ROOT / "outputs" / "benchmarks" / "pipeline"
LENGTHS = {"minimum": 3, "maximum": 40, "mean": 10}
FORMATS = ("text", "jsonl", "parquet")
MIB = 2**20
EVERY_SECONDS = 0.1
POINTS = 10
"""Times at which the memory of a stage is told."""


@dataclass(frozen=True)
class Stage:
    """One row: what a stage took, and its memory over time in bytes, without and with mapped files."""

    name: str
    pairs: int
    facts: dict[str, float]
    own: Sequence[int]
    mapped: Sequence[int]

    def curve(self) -> list[str]:
        """Memory when it begins and at the end of each tenth of its time."""
        places = [round(point * (len(self.own) - 1) / POINTS) for point in range(POINTS + 1)]
        return [f"{self.own[place] / MIB:,.0f}" for place in places]


def main() -> None:
    """Measures every stage at every size, prints the tables and writes them with what they were measured on."""
    arguments = parse()
    if arguments.stage:
        print(json.dumps(STAGES[arguments.stage](arguments)))
        return
    stages = []
    for pairs in arguments.pairs:
        shutil.rmtree(arguments.work / str(pairs), ignore_errors=True)
        for name in STAGES:
            stages.append(apart(name, pairs, arguments))
            print(f"{name}, {pairs:,} pairs: {stages[-1].facts}", file=sys.stderr)
        if pairs == arguments.pairs[0]:
            turns, config = beside_training(pairs, arguments)
        shutil.rmtree(arguments.work / str(pairs))
    training = turns.side("training")
    body = [
        f"Sentences of {LENGTHS['mean']} words on average, {arguments.tokenizer} tokenizers, training batches of "
        f"{arguments.max_tokens} tokens.",
        *([arguments.note] if arguments.note else []),
        "",
        *measured(stages, training.median),
        "",
        f"An epoch of {arguments.pairs[0]:,} pairs in turn with {arguments.steps} steps of luong_general (hidden size "
        f"512, float32), medians and quartiles of {arguments.rounds} rounds: the pipeline gives "
        f"{turns.side('pipeline').show()} target tokens a second, training uses {training.show()}, "
        f"{turns.ratio('pipeline', 'training').show('.0f')} times fewer. 20 times was wanted.",
        "",
        "Memory in MiB that a stage holds for itself, in the course of its time:",
        "",
        *report.table(
            ["stage", "pairs", *(f"{100 * point // POINTS} %" for point in range(POINTS + 1))],
            [[stage.name, f"{stage.pairs:,}", *stage.curve()] for stage in stages],
        ),
    ]
    report.write("pipeline", "The data pipeline", body, config=config, output=arguments.output)


def parse() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="Time, memory and throughput of the data pipeline.")
    parser.add_argument("--pairs", type=int, nargs="+", default=[3_000, 30_000], help="sizes of the training split")
    parser.add_argument("--tokenizer", choices=("words", "bytepair"), default="words")
    parser.add_argument("--max-tokens", type=int, default=2048, help="of a training batch")
    parser.add_argument("--rounds", type=int, default=3, help="of epochs and training in turn")
    parser.add_argument("--steps", type=int, default=20, help="of training in a round, after 2 that do not count")
    parser.add_argument("--threads", type=int, default=2, help="of training")
    parser.add_argument("--note", default="", help="a sentence for the report, such as what else ran")
    parser.add_argument("--work", type=Path, default=WORK, help="where corpora are written and deleted again")
    parser.add_argument("--output", type=Path, default=report.RESULTS)
    parser.add_argument("--stage", choices=STAGES, help="one stage of one size, in this process")
    return parser.parse_args()


def apart(name: str, pairs: int, arguments: argparse.Namespace) -> Stage:
    """Measures one stage in a process of its own."""
    options = [f"--{key}={value}" for key, value in vars(arguments).items() if key in ("tokenizer", "work")]
    command = [sys.executable, __file__, "--stage", name, "--pairs", str(pairs), *options]
    variables = {**os.environ, "HF_DATASETS_CACHE": str(arguments.work / str(pairs) / "datasets")}
    samples = []
    with subprocess.Popen(
        [*command, f"--max-tokens={arguments.max_tokens}"], env=variables, stdout=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None:
            samples.append((time.monotonic(), memory(process.pid)))
            time.sleep(EVERY_SECONDS)
        assert process.stdout is not None
        answer = process.stdout.read()
    if process.returncode:
        raise SystemExit(f"{name} of {pairs:,} pairs failed")
    facts = json.loads(answer)
    spans = [(0.0, facts["begun"]), (facts["begun"], facts["begun"] + facts["seconds"])]
    before, within = ([held for moment, held in samples if begins <= moment <= ends] for begins, ends in spans)
    held = within or before[-1:]  # too short to be seen
    return Stage(name, pairs, facts, [each["Pss_Anon"] for each in held], [each["Pss"] for each in held])


def beside_training(pairs: int, arguments: argparse.Namespace) -> tuple[Alternated, str]:
    """Target tokens a second of an epoch's batches and of training on them, and the configuration of the latter.

    What only this needs is imported here: the memory of the stages is measured without it.
    """
    from configuration import compose_config  # noqa: PLC0415
    from omegaconf import OmegaConf  # noqa: PLC0415
    from training import Trainee  # noqa: PLC0415

    own = argparse.Namespace(**{**vars(arguments), "pairs": [pairs]})
    sizes = [f"data.batch.max_tokens={arguments.max_tokens}", "data.batch.max_sentences=null"]
    steps = [f"trainer.max_steps={2 + arguments.steps}", "trainer.max_epochs=-1", "trainer.limit_val_batches=0"]
    config = compose_config([*sizes, *steps, "trainer.precision=32-true"], data=Path(), work=arguments.work)

    def deliver() -> float:
        facts = epoch(own)
        return facts["tokens"] / facts["seconds"]

    torch.set_num_threads(arguments.threads)
    trainee = Trainee(config, prepared(own), skip=2)
    measured = alternate({"pipeline": deliver, "training": trainee}, rounds=arguments.rounds, warm_up=0)
    return measured, OmegaConf.to_yaml(trainee.config, resolve=True)


def memory(process: int) -> dict[str, int]:
    """Bytes that a process and those below it hold, pages that several share counted once: proc(5)."""
    held = {"Pss_Anon": 0, "Pss": 0}
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
        for name, _, value in (line.partition(":") for line in lines):
            if name in held:
                held[name] += int(value.removesuffix("kB")) * 1024
        children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    except (OSError, ValueError):  # it has ended
        return held
    for child in children:
        below = memory(int(child))
        held = {name: held[name] + below[name] for name in held}
    return held


def measured(stages: Sequence[Stage], training: float) -> list[str]:
    """The table of all stages."""
    rows = []
    for stage in stages:
        facts = stage.facts
        speed = facts["tokens"] / facts["seconds"]
        rows.append(
            [
                stage.name,
                f"{stage.pairs:,}",
                f"{facts['seconds']:,.1f}",
                "" if speed else f"{stage.pairs / facts['seconds']:,.0f}",
                f"{speed:,.0f} ({speed / training:,.0f} times training)" if speed else "",
                f"{max(stage.own) / MIB:,.0f}",
                f"{max(stage.mapped) / MIB:,.0f}",
            ]
        )
    headings = ["stage", "pairs", "seconds", "pairs/s", "target tokens/s", "peak MiB", "with mapped files"]
    return report.table(headings, rows)


Facts = dict[str, float]


def generate(arguments: argparse.Namespace) -> Facts:
    """Draws the corpus from the grammar."""
    return timed(lambda: grammar(arguments).load())


def write_files(arguments: argparse.Namespace) -> Facts:
    """Leaves the training split in every format, for the stages that read."""
    train = grammar(arguments).load()["train"].select_columns(["source", "target"])
    train = train.rename_columns({"source": "en", "target": "de"})
    folders = {name: place(arguments) / name for name in FORMATS}
    for folder in folders.values():
        folder.mkdir()

    def write() -> None:
        train.to_parquet(folders["parquet"] / "train.parquet")
        train.to_json(folders["jsonl"] / "train.jsonl", force_ascii=False)
        for language in train.column_names:
            with (folders["text"] / f"train.{language}").open("w", encoding="utf-8") as file:
                file.writelines(f"{text}\n" for text in stream(train, language))

    return timed(write)


def read(name: str) -> Callable[[argparse.Namespace], Facts]:
    """Loads the training split from files, as a user does for the first time."""

    def measure(arguments: argparse.Namespace) -> Facts:
        path = str(place(arguments) / name)
        corpus = TranslationCorpus(name=name, path=path, source_language="en", target_language="de")
        return timed(corpus.load)

    return measure


def prepare(arguments: argparse.Namespace) -> Facts:
    """Selects, learns tokenizers and tokenises."""
    return timed(lambda: prepared(arguments))


def start(arguments: argparse.Namespace) -> Facts:
    """From a prepared corpus to the first batch of an epoch."""
    return timed(lambda: begin(arguments))


def epoch(arguments: argparse.Namespace) -> Facts:
    """All batches but the first, given out as fast as they are built: target tokens without BOS."""
    batches = begin(arguments)
    return timed(lambda: sum(int(batch.target_lengths.sum()) - len(batch.rows) for batch in batches))


def timed(work: Callable[[], object]) -> Facts:
    """When work began and how long it took; a whole number that it gives counts tokens."""
    begun = time.monotonic()
    result = work()
    seconds = time.monotonic() - begun
    return {"begun": begun, "seconds": seconds, "tokens": result if isinstance(result, int) else 0}


def begin(arguments: argparse.Namespace) -> Iterator[Batch]:
    """Training batches, the first of which has come."""
    budget = BatchBudget(max_tokens=arguments.max_tokens)
    module = TranslationDataModule(prepared(arguments), budget=budget, evaluation_budget=budget, seed=1)
    module.train_batches().padding_share()  # which a run says before it trains
    batches = iter(module.train_dataloader())
    next(batches)
    return batches


def prepared(arguments: argparse.Namespace) -> PreparedData:
    """The corpus, prepared now or before; one pair in eight is too short or too long."""
    trainer = WordTrainer() if arguments.tokenizer == "words" else BytePairTrainer(vocab_size=2000)
    selection = Selection(buckets=LengthBuckets({"short": [1, 9], "long": [10, None]}), lengths={"train": (4, 20)})
    return prepare_corpus(grammar(arguments), trainer, selection, cache_dir=place(arguments))


def grammar(arguments: argparse.Namespace) -> GrammarCorpus:
    """The corpus of one size."""
    (pairs,) = arguments.pairs
    return GrammarCorpus(
        seed=0, train_size=pairs, validation_size=500, test_size=1000, lengths=LENGTHS, cache_dir=place(arguments)
    )


def place(arguments: argparse.Namespace) -> Path:
    """The folder of one size."""
    (pairs,) = arguments.pairs
    return Path(arguments.work) / str(pairs)


STAGES: dict[str, Callable[[argparse.Namespace], Facts]] = {
    "generate": generate,
    "write files": write_files,
    **{f"read {name}": read(name) for name in FORMATS},
    "prepare": prepare,
    "start": start,
    "epoch": epoch,
}

if __name__ == "__main__":
    main()
