"""How time and memory of a training step and of a search grow with each size, and additive to general.

    python benchmarks/growth.py
    python benchmarks/growth.py model=bahdanau --rounds 3 --source-sizes 50 400

One size moves at a time, the others stay at `--hidden`, `--source`, `--target`, `--batch` and `--beam`. A step is
forward, loss, backward and Adam, over random words without padding; a search writes exactly `--target` words for each
sentence. The sizes of an axis take turns in one process; memory is measured in a process for each size, as the highest
resident memory of the first time less what was resident before (gradients and Adam's moments count, parameters do not).
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import report
import torch
from alternating import Alternated, alternate
from attention_memory import MIB, resident
from configuration import WORK, compose_config
from omegaconf import DictConfig, OmegaConf

from attnlab.decoding.protocol import Search
from attnlab.experiment.components import component
from attnlab.seq2seq.model import Seq2Seq
from attnlab.text.special import SPECIAL_TOKENS
from attnlab.training.loss import TranslationLoss

WORDS = 8_000
"""Of each vocabulary."""
AXES = {
    "hidden": (128, 256, 512),
    "source": (50, 100, 200, 400),
    "target": (50, 100, 200, 400),
    "batch": (8, 16, 32),
    "beam": (1, 2, 4, 8, 16),
}
SCORES = ("general", "additive")


@dataclass(frozen=True)
class Sizes:
    """`batch` sentences of `source` words in and `target` words out, in states of `hidden` numbers, `beam` at once."""

    hidden: int
    source: int
    target: int
    batch: int
    beam: int


def main() -> None:
    """Measures every axis and the scores, and writes the tables."""
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    base = Sizes(**{axis: getattr(arguments, axis) for axis in AXES})
    if arguments.peak:
        print(json.dumps(peak(WORKS[arguments.peak], base, arguments.overrides)))
        return
    lines = meaning(arguments, base)
    for name, work in WORKS.items():
        lines += ["", f"## {name.capitalize()}"]
        for axis in AXES if work is search_of else [axis for axis in AXES if axis != "beam"]:
            sizes = {size: replace(base, **{axis: size}) for size in getattr(arguments, f"{axis}_sizes")}
            print(f"growth of a {name} with {axis}", file=sys.stderr)
            measured = in_turn({size: work(at, arguments.overrides) for size, at in sizes.items()}, arguments.rounds)
            peaks = {size: apart(name, at, arguments) for size, at in sizes.items()}
            lines += [*growth_table(axis, list(sizes), measured, peaks), *fits(list(sizes), measured, peaks)]
    if arguments.overrides == []:
        lines += ["", "## Additive to general", ""]
        lines += [additive_to_general(replace(base, hidden=512, source=100, target=100), arguments.rounds)]
    config = configured(base, arguments.overrides)
    parts = {name: OmegaConf.to_container(config[name], resolve=True) for name in ("model", "loss", "search")}
    report.write("growth", "How time and memory grow", lines, config=OmegaConf.to_yaml(parts), output=arguments.output)


def parse() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="Growth of time and memory with sizes.")
    parser.add_argument("overrides", nargs="*", help="changes of the configuration, such as model=bahdanau")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    for axis, default in zip(AXES, (256, 50, 50, 16, 5), strict=True):
        parser.add_argument(f"--{axis}", type=int, default=default, help="while another size moves")
        parser.add_argument(f"--{axis}-sizes", type=int, nargs="+", default=AXES[axis])
    parser.add_argument("--output", type=Path, default=report.RESULTS)
    parser.add_argument("--peak", choices=WORKS, help="only the memory of one of these, in this process")
    return parser.parse_args()


def configured(sizes: Sizes, overrides: Sequence[str]) -> DictConfig:
    """The setup at these sizes."""
    limit = {"ratio": "0.0", "extra": "0", "minimum": sizes.target, "maximum": sizes.target + 1}
    changes = [f"search.length_limit.{name}={value}" for name, value in limit.items()]
    changes += [f"model.hidden_size={sizes.hidden}", f"search.beam_size={sizes.beam}"]
    config = compose_config([*overrides, *changes], data=Path(), work=WORK)
    vocabulary = WORDS + len(SPECIAL_TOKENS)
    config.model.network.embeddings.source_vocab_size = vocabulary
    config.model.network.embeddings.target_vocab_size = vocabulary
    return config


def build(config: DictConfig) -> Seq2Seq:
    """The same model each time."""
    torch.manual_seed(0)
    return component(config, "model.network", Seq2Seq)


def words(rows: int, columns: int) -> torch.Tensor:
    """Random ones."""
    return torch.randint(len(SPECIAL_TOKENS), WORDS, (rows, columns))


def step_of(sizes: Sizes, overrides: Sequence[str]) -> Callable[[], None]:
    """A training step."""
    config = configured(sizes, overrides)
    model, loss = build(config), component(config, "loss", TranslationLoss)
    optimizer = torch.optim.Adam(model.parameters())
    source, target = words(sizes.batch, sizes.source), words(sizes.batch, sizes.target + 1)
    lengths = torch.full((sizes.batch,), sizes.source)

    def step() -> None:
        optimizer.zero_grad()
        loss(model(source, lengths, target[:, :-1]), target[:, 1:]).total.backward()
        optimizer.step()

    return step


def search_of(sizes: Sizes, overrides: Sequence[str]) -> Callable[[], None]:
    """A search that ends after `sizes.target` words, not before."""
    config = configured(sizes, overrides)
    model, search = build(config).eval(), component(config, "search", Search)
    source, lengths = words(sizes.batch, sizes.source), torch.full((sizes.batch,), sizes.source)

    def decode() -> None:
        with torch.inference_mode():
            search(model, model.start(source, lengths), lengths)

    return decode


Work = Callable[[Sizes, Sequence[str]], Callable[[], None]]
WORKS: dict[str, Work] = {"training step": step_of, "search": search_of}


def in_turn(runs: dict[int, Callable[[], None]], rounds: int) -> Alternated:
    """Seconds of each."""
    return alternate({str(size): partial(seconds, run) for size, run in runs.items()}, rounds=rounds)


def seconds(run: Callable[[], None]) -> float:
    """Of one call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def apart(name: str, sizes: Sizes, arguments: argparse.Namespace) -> float:
    """Peak bytes in a process of its own, which gives large blocks back to the system when they are freed."""
    options = [f"--{name}={value}" for name, value in asdict(sizes).items()]
    options += [f"--peak={name}", f"--threads={arguments.threads}"]
    command = [sys.executable, __file__, *arguments.overrides, *options]
    variables = {**os.environ, "MALLOC_MMAP_THRESHOLD_": str(2 * MIB)}
    answer = subprocess.run(command, check=True, env=variables, stdout=subprocess.PIPE, text=True).stdout
    return float(json.loads(answer))


def peak(work: Work, sizes: Sizes, overrides: Sequence[str]) -> float:
    """Peak bytes of the first time in this process; Linux only."""
    work(Sizes(8, 3, 3, 2, 2), overrides)()  # loads what is loaded at first use
    run = work(sizes, overrides)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts from here: proc(5)
    before = resident("VmRSS")
    run()
    return resident("VmHWM") - before


def meaning(arguments: argparse.Namespace, base: Sizes) -> list[str]:
    """What the figures are."""
    return [
        "A training step (forward, loss, backward, Adam) over random words, and a search that writes as many words as "
        f"it is told: median and quartiles of {arguments.rounds} rounds, the sizes of an axis in turn; ratios are "
        f"those of each round. One size moves, the others are hidden {base.hidden}, source {base.source}, target "
        f"{base.target}, batch {base.batch}, beam {base.beam}; vocabularies of {WORDS:,} words, {arguments.threads} "
        "threads. The peak is what the first time adds to the parameters: gradients and Adam's moments count.",
    ]


def growth_table(axis: str, sizes: Sequence[int], measured: Alternated, peaks: dict[int, float]) -> list[str]:
    """A row for each size, against the one before."""
    rows = []
    for before, size in zip([None, *sizes], sizes, strict=False):
        ratio = "–" if before is None else measured.ratio(str(size), str(before)).show(".2f")
        more = "–" if before is None else f"{peaks[size] / peaks[before]:.2f}"
        rows.append([f"{axis} {size}", measured.side(str(size)).show(".3f"), ratio, f"{peaks[size] / MIB:,.0f}", more])
    headings = ["size", "seconds", "times the one before", "peak MiB", "times the one before"]
    return ["", *report.table(headings, rows)]


def fits(sizes: Sequence[int], measured: Alternated, peaks: dict[int, float]) -> list[str]:
    """How well a straight line fits, and what a doubling costs, where there are enough sizes to say so."""
    if len(sizes) < 3:
        return []
    medians = [measured.side(str(size)).median for size in sizes]
    figures = {"time": medians, "memory": [peaks[size] for size in sizes]}
    return ["", *(f"- {name}: {fit(sizes, values)}" for name, values in figures.items())]


def fit(sizes: Sequence[int], values: Sequence[float]) -> str:
    """Least squares of a line, relative to each value, and of a power."""
    x, y = np.array(sizes, dtype=float), np.array(values)
    slope, start = np.polyfit(x, y, 1, w=1 / y)
    power = np.polyfit(np.log(x), np.log(y), 1)[0]
    off = np.abs((start + slope * x) / y - 1).max()
    return f"a doubling costs {2**power:.2f} times as much on average; a straight line is off by at most {off:.0%}"


def additive_to_general(sizes: Sizes, rounds: int) -> str:
    """The two ways of scoring in one decoder."""
    steps = {score: step_of(sizes, ["model=luong", f"model/attention={score}"]) for score in SCORES}
    measured = alternate({score: partial(seconds, step) for score, step in steps.items()}, rounds=rounds)
    return (
        f"At hidden {sizes.hidden}, {sizes.batch} sentences of {sizes.source} words in and {sizes.target} out, a step "
        f"with the additive score takes {measured.ratio('additive', 'general').show('.2f')} times as long as with the "
        f"general one ({measured.side('additive').show('.2f')} against {measured.side('general').show('.2f')} seconds)."
    )


if __name__ == "__main__":
    main()
