"""How many real target tokens a second training reads: attnlab with and without input feeding, its peers, the limit.

    python benchmarks/training.py                          # the setup of the peers, on Multi30k where it is at hand
    python benchmarks/training.py model=bahdanau --peers   # another model, no peers
    python benchmarks/training.py --rounds 2 --steps 20    # a first look
    python benchmarks/training.py --compiled               # compile=true beside the rest

All sides train in turn, `--steps` steps each after `--skip` that do not count, and are compared round by round. Ours go
through Lightning's trainer, data loader and all; a peer is its own command, and its log tells its speed. End tokens
count, padding does not. Without Multi30k ours read random words in sentences of the same lengths, and no peer runs.
"""

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import lightning
import report
import torch
from alternating import Alternated, Spread, alternate
from configuration import chosen_peers, compose_config, corpus_note, data_folder, device_of, options
from machine import product_rate, recurrent_seconds, step_operations, step_operations_by_hand, synchronize
from omegaconf import DictConfig, OmegaConf
from peers.running import Peer

from attnlab.data.batch import Batch
from attnlab.data.prepare import PreparedData
from attnlab.experiment.build import (
    allow_tf32,
    build_datamodule,
    build_judge,
    build_model,
    build_task,
    build_trainer,
    decide_precision,
    prepare_data,
)
from attnlab.experiment.quiet import quiet_libraries

PARALLEL, COMPILED = "no input feeding", "compiled step"
CHANGES = {PARALLEL: "model.network.decoder.input_feeding=false", COMPILED: "compile=true"}
"""What is tried besides the model as it is."""
SAMPLED = 4
"""Batches whose operations are counted, and which the recurrent layers alone read."""


class Clock(lightning.Callback):
    """Counts the tokens and seconds of all steps but the first `skip`, of which it waits for the last."""

    def __init__(self, skip: int) -> None:
        self.skip = skip
        self.tokens = 0
        self.started = time.perf_counter()
        self.seconds = 0.0

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Batch, _: int
    ) -> None:
        """After a step and all that belongs to it; the next one starts with getting its batch."""
        if trainer.global_step > self.skip:
            self.tokens += real_tokens(batch)
        if trainer.global_step in (self.skip, trainer.max_steps):
            synchronize(pl_module.device)
            self.seconds = time.perf_counter() - self.started
            self.started = time.perf_counter()


class Trainee:
    """A model that trains some more steps whenever it is called, and says how fast."""

    def __init__(self, config: DictConfig, prepared: PreparedData, skip: int) -> None:
        self.config = config
        self.prepared = prepared
        self.skip = skip
        self.precision = decide_precision(config)
        lightning.seed_everything(config.seed, verbose=False)
        self.model = build_model(config, prepared.tokenizers)
        self.datamodule = build_datamodule(config, prepared)
        self.task = build_task(config, self.model, build_judge(config, prepared, "validation"))

    @property
    def parameters(self) -> int:
        """Numbers that it learns."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    @property
    def dtype(self) -> torch.dtype:
        """Of its matrix products."""
        kind = self.precision.name.partition("-")[0]
        return {"64": torch.float64, "32": torch.float32, "bf16": torch.bfloat16, "16": torch.float16}[kind]

    def __call__(self) -> float:
        """Tokens a second."""
        allow_tf32(self.precision.name)  # which the last side that was built has decided for all
        clock = Clock(self.skip)
        quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
        trainer = build_trainer(self.config, self.precision, callbacks=[clock], **quiet)
        trainer.fit(self.task, datamodule=self.datamodule)
        return clock.tokens / clock.seconds

    def sampled(self) -> tuple[list[Batch], int]:
        """Some of the batches that it trains on, and their tokens."""
        batches = list(islice(self.datamodule.train_dataloader(), SAMPLED))
        return batches, sum(map(real_tokens, batches))

    def recurrent_rate(self) -> float:
        """Tokens a second if there were only torch's recurrent layers."""
        allow_tf32(self.precision.name)
        batches, tokens = self.sampled()
        return tokens / recurrent_seconds(self.model, batches, self.dtype, device_of(self.config))

    def operations(self) -> "Operations":
        """What a token costs, from some of the batches that it trains on."""
        batches, tokens = self.sampled()
        by_hand = [step_operations_by_hand(self.model, batch) for batch in batches]
        return Operations(
            sum(step_operations(self.model, batch) for batch in batches) / tokens,
            None if None in by_hand else sum(each for each in by_hand if each is not None) / tokens,
        )


@dataclass(frozen=True)
class Operations:
    """Floating-point operations for each real target token."""

    counted: float
    by_hand: float | None


def main() -> None:
    """Measures all sides and writes the table."""
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    quiet_libraries()
    own = own_sides(arguments)
    main_side = next(iter(own.values()))
    device = device_of(main_side.config)
    peers = chosen_peers(arguments, arguments.work / "training")
    speeds = partial(train_peer, steps=arguments.steps, report_every=arguments.skip)
    rates = {product_name(side.dtype): partial(product_rate, side.dtype, device) for side in own.values()}
    alone = {recurrent_name(side): side.recurrent_rate for side in reversed(own.values())}
    others = {peer.name: partial(speeds, peer) for peer in peers}
    sides: dict[str, Callable[[], float]] = {**own, **others, **alone, **rates}
    measured = alternate(sides, rounds=arguments.rounds, warm_up=0)
    report.write(
        "training" if device.type == "cpu" else "training-cuda",
        "Training speed",
        [*meaning(arguments), "", *markdown(own, peers, measured)],
        precision=", ".join(dict.fromkeys(side.precision.name for side in own.values())),
        config=OmegaConf.to_yaml(main_side.config, resolve=True),
        output=arguments.output,
    )


def parse() -> argparse.Namespace:
    """Reads the command line."""
    parser = options("Real target tokens a second in training.", rounds=7)
    parser.add_argument("--steps", type=int, default=100, help="those that count, in each round")
    parser.add_argument("--skip", type=int, default=20, help="steps before them, and how often peers report")
    parser.add_argument("--compiled", action="store_true", help="also with a compiled step")
    return parser.parse_args()


def own_sides(arguments: argparse.Namespace) -> dict[str, Trainee]:
    """Ours in each precision, with each change that it knows."""
    data = data_folder(arguments)
    fixed = [f"trainer.max_steps={arguments.skip + arguments.steps}", "trainer.max_epochs=-1"]
    fixed += ["trainer.limit_val_batches=0"]
    changes = {"": [], **{name: [change] for name, change in CHANGES.items()}}
    if not arguments.compiled:
        del changes[COMPILED]
    sides: dict[str, Trainee] = {}
    prepared = None
    for precision in arguments.precisions:
        for change, overrides in changes.items():
            wanted = [*fixed, f"trainer.precision={precision}", *arguments.overrides]
            plain = compose_config(wanted, data=data, work=arguments.work)
            if change == PARALLEL and not OmegaConf.select(plain, "model.network.decoder.input_feeding"):
                continue
            config = compose_config([*wanted, *overrides], data=data, work=arguments.work)
            prepared = prepared or prepare_data(config)
            side = Trainee(config, prepared, arguments.skip)
            name = ", ".join(filter(None, [config.model.name, side.precision.name, change]))
            sides.setdefault(name, side)  # "auto" may be one of the others
    return sides


def train_peer(peer: Peer, *, steps: int, report_every: int) -> float:
    """Tokens a second of a peer after its first report."""
    return peer.train(steps + report_every, report_every=report_every)


def product_name(dtype: torch.dtype) -> str:
    """What the matrix product of a precision is called."""
    return f"{str(dtype).removeprefix('torch.')} product"


def recurrent_name(side: Trainee) -> str:
    """What the recurrent layers of a precision are called; with input feeding they read more."""
    return f"recurrent layers alone, {side.precision.name}"


def real_tokens(batch: Batch) -> int:
    """Words and end tokens that are predicted."""
    return int(batch.target_lengths.sum()) - len(batch.target_lengths)


def meaning(arguments: argparse.Namespace) -> list[str]:
    """What the figures are."""
    return [
        f"Real target tokens a second, end tokens counted: median and quartiles of {arguments.rounds} rounds of "
        f"{arguments.steps} steps after {arguments.skip} that do not count, all sides in turn; ratios are those of "
        "each round. The limit is the rate of a large matrix product in that precision, with as many threads, over the "
        "operations of the products in a step, padding included; gates, softmax, loss and optimizer come on top. The "
        "recurrent layers alone are torch's own, forward and backward over all steps at once, without the rest.",
        "",
        corpus_note(arguments),
    ]


def markdown(own: Mapping[str, Trainee], peers: Sequence[Peer], measured: Alternated) -> list[str]:
    """The table of all sides, and how ours compare with one another and with the limit."""
    names = [peer.name for peer in peers]
    fastest = max(names, key=lambda name: measured.side(name).median, default=None)
    rows, notes = [], []
    for name, side in own.items():
        operations, product = side.operations(), product_name(side.dtype)
        limit, share = measured.limit(name, product, operations.counted)
        padding = f"by length, {side.datamodule.train_batches().padding_share():.0%} padding"
        cells = [name, padding, f"{side.parameters:,}", measured.side(name).show(), against(measured, name, fastest)]
        rows.append([*cells, limit.show(), share.show(".0%")])
        by_hand = "" if operations.by_hand is None else f" ({operations.by_hand:,.0f} by hand)"
        notes.append(f"- {name}: {operations.counted:,.0f} operations a token{by_hand}")
    for peer in peers:
        cells = [peer.name, peer.batches, f"{peer.parameters:,}", measured.side(peer.name).show()]
        rows.append([*cells, against(measured, peer.name, fastest), "–", "–"])
    rows += [
        [name, "by length", "–", measured.side(name).show(), against(measured, name, fastest), "–", "–"]
        for name in dict.fromkeys(recurrent_name(side) for side in own.values())
    ]
    for name in dict.fromkeys(product_name(side.dtype) for side in own.values()):
        giga = Spread.of([rate / 1e9 for rate in measured.figures[name]])
        notes.append(f"- {name}: {giga.show()} billion operations a second")
    notes += [
        f"- {changed}: {measured.ratio(changed, name).show('.2f')} times as fast as {name}"
        for name in own
        for change in CHANGES
        if (changed := f"{name}, {change}") in own
    ]
    headings = ["side", "batches", "parameters", "target tokens/s", f"times {fastest or 'a peer'}", "limit, tokens/s"]
    return [*report.table([*headings, "of the limit"], rows, texts=2), "", *notes]


def against(measured: Alternated, name: str, fastest: str | None) -> str:
    """The ratio to the fastest peer, if there is one."""
    return "–" if fastest is None else measured.ratio(name, fastest).show(".2f")


if __name__ == "__main__":
    main()
