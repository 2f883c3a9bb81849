"""How much memory a forward and a backward pass through attention take: general, additive, and additive done naively.

    python benchmarks/attention_memory.py
    python benchmarks/attention_memory.py --batch 8 --source 100 --target 100 --hidden 256 --direct-batch 8

Each row of the table is measured in a process of its own, as the highest resident memory during the pass less what was
resident before it: inputs and parameters are not counted, their gradients are. A pass reads scores, softmax and
context for all steps of a target at once, or in a loop of single steps, as input feeding needs it. Large blocks are
given back to the system when freed (MALLOC_MMAP_THRESHOLD_), so that the figure is that of living tensors. The naive
way needs more than 15 GiB at the default sizes: it is measured with fewer sentences and scaled, as all its tensors
but the parameters have a row for each sentence. Linux only.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest.mock import patch

import report
import torch
import yaml
from torch import Tensor

from attnlab.attention import perceptron
from attnlab.attention.additive import Additive
from attnlab.attention.attend import Attention
from attnlab.attention.general import General
from attnlab.attention.normalizers.softmax import Softmax
from attnlab.attention.scoring import ScoringFunction
from attnlab.attention.windows.whole import Whole

SCORES = ("general", "additive", "naive additive")
WAYS = ("at once", "step by step")
MIB = 2**20


@dataclass(frozen=True)
class Sizes:
    """What attention reads: `batch` sentences of `source` words, for `target` steps, in states of `hidden` numbers."""

    batch: int
    source: int
    target: int
    hidden: int


@dataclass(frozen=True)
class Measured:
    """One row: what a pass over `sizes` took, and what that makes of the batch that was asked for."""

    score: str
    way: str
    sizes: Sizes
    peak: float
    seconds: float


def main() -> None:
    """Measures every row, prints the table and writes it with what it was measured on."""
    arguments = parse()
    sizes = Sizes(arguments.batch, arguments.source, arguments.target, arguments.hidden)
    if arguments.measure:
        score, way = arguments.measure
        print(json.dumps(measure(score, way, sizes)))
        return
    rows = []
    for way in arguments.ways:
        for score in SCORES:
            batch = min(arguments.direct_batch, sizes.batch) if score.startswith("naive") else sizes.batch
            rows.append(apart(score, way, Sizes(batch, sizes.source, sizes.target, sizes.hidden)))
            print(f"{score}, {way}: {rows[-1].peak / MIB:,.0f} MiB", file=sys.stderr)
    meaning = (
        f"Forward and backward through scores, softmax and context: {sizes.batch} sentences of {sizes.source} words, "
        f"{sizes.target} steps, states of {sizes.hidden} numbers in float32. The peak is what the pass adds to inputs "
        "and parameters, their gradients included; where fewer sentences were measured, it is scaled to all of them. "
        "CPU seconds are those of the sentences measured, once; other work on the machine makes them longer."
    )
    report.write(
        "attention-memory",
        "Peak memory of attention",
        [meaning, "", *markdown(rows, sizes)],
        config=yaml.safe_dump(asdict(sizes), sort_keys=False),
        output=arguments.output,
    )


def parse() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="Peak memory of forward + backward through attention.")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--source", type=int, default=200)
    parser.add_argument("--target", type=int, default=200)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--direct-batch", type=int, default=8, help="sentences that the naive way is measured with")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--output", type=Path, default=report.RESULTS)
    parser.add_argument("--measure", nargs=2, metavar=("SCORE", "WAY"), help="one row, in this process")
    return parser.parse_args()


def apart(score: str, way: str, sizes: Sizes) -> Measured:
    """Measures one row in a process of its own."""
    options = [f"--{name}={value}" for name, value in asdict(sizes).items()]
    command = [sys.executable, __file__, "--measure", score, way, *options]
    variables = {**os.environ, "MALLOC_MMAP_THRESHOLD_": str(2 * MIB)}
    answer = subprocess.run(command, check=True, env=variables, stdout=subprocess.PIPE, text=True).stdout
    return Measured(score, way, sizes, **json.loads(answer))


def measure(score: str, way: str, sizes: Sizes) -> dict[str, float]:
    """Peak bytes and CPU seconds of one pass in this process."""
    run = all_at_once if way == "at once" else step_by_step
    with patch.object(perceptron, "KEPT", sys.maxsize if score.startswith("naive") else perceptron.KEPT):
        run(*build(score, Sizes(2, 3, 3, 8)))  # loads what is loaded at first use
        attention, query, states = build(score, sizes)
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts from here: proc(5)
        before, started = resident("VmRSS"), time.process_time()
        run(attention, query, states)
        return {"peak": resident("VmHWM") - before, "seconds": time.process_time() - started}


def build(score: str, sizes: Sizes) -> tuple[Attention, Tensor, Tensor]:
    """Attention with its queries and memory states."""
    torch.manual_seed(0)
    hidden = sizes.hidden
    scoring: ScoringFunction = General(hidden, hidden) if score == "general" else Additive(hidden, hidden, hidden)
    query = torch.randn(sizes.batch, sizes.target, hidden, requires_grad=True)
    states = torch.randn(sizes.batch, sizes.source, hidden, requires_grad=True)
    return Attention(scoring=scoring, normalizer=Softmax(1.0), window=Whole()), query, states


def all_at_once(attention: Attention, query: Tensor, states: Tensor) -> None:
    """Forward and backward for a whole target."""
    memory = attention.start(states, torch.ones(states.shape[:2], dtype=torch.bool))
    attention.run(query, memory, attention.first(memory)).context.sum().backward()


def step_by_step(attention: Attention, query: Tensor, states: Tensor) -> None:
    """The same in a loop of single steps, which all stay alive until the backward pass."""
    memory = attention.start(states, torch.ones(states.shape[:2], dtype=torch.bool))
    past, contexts = attention.first(memory), []
    for one in query.split(1, dim=1):
        context, _, past = attention.step(one, memory, past)
        contexts.append(context)
    torch.cat(contexts, dim=1).sum().backward()


def resident(field: str) -> int:
    """A figure of /proc/self/status in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def markdown(rows: Sequence[Measured], sizes: Sizes) -> list[str]:
    """The table; ratios are to general in the same way."""
    general = {row.way: row.peak for row in rows if row.score == "general"}
    cells = []
    for row in rows:
        scaled = row.peak * sizes.batch / row.sizes.batch
        ratio = f"{scaled / general[row.way]:.2f}" if general[row.way] else "–"
        peaks = [f"{row.peak / MIB:,.0f}", f"{scaled / MIB:,.0f}", ratio]
        cells.append([row.score, row.way, str(row.sizes.batch), *peaks, f"{row.seconds:.1f}"])
    headings = ["score", "way", "sentences measured", "peak MiB, measured", "peak MiB, all sentences", "times general"]
    return report.table([*headings, "CPU seconds"], cells, texts=2)


if __name__ == "__main__":
    main()
