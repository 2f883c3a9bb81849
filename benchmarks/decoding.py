"""How many sentences a second search translates, greedily and with a beam: attnlab against its peers.

    python benchmarks/decoding.py                                 # test_2016 of Multi30k, in the setup of the peers
    python benchmarks/decoding.py --train-steps 100 --rounds 2    # a first look
    python benchmarks/decoding.py --batch-sizes 128 --beams 5

Each side trains an equally large model for `--train-steps` steps first (models are kept in `--work`), so that its
translations have the lengths of real ones. Then all translate the test split in turn. The time is that from token ids
to text, of all batches, after the model was loaded. The machine's limit counts the products of our own search.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import report
import sacrebleu
import torch
from alternating import Alternated, alternate
from configuration import chosen_peers, compose_config, corpus_note, data_folder, device_of, options
from machine import product_rate, search_operations, synchronize
from omegaconf import DictConfig, OmegaConf
from peers.running import Peer, Translated
from training import Trainee, product_name

from attnlab.experiment.build import allow_tf32, build_datamodule, build_search, prepare_data
from attnlab.experiment.quiet import quiet_libraries


@dataclass
class Side:
    """A way of translating, and the text of its last time."""

    run: Callable[[], Translated]
    parameters: int
    operations: Callable[[], int] | None = None
    """Of the products in `run`, counted; not known of a peer."""
    product: str = ""
    """The measurement whose rate limits them."""
    sentences: list[str] = field(default_factory=list)

    def __call__(self) -> float:
        """Sentences a second."""
        translated = self.run()
        self.sentences = translated.sentences
        return len(translated.sentences) / translated.seconds


def main() -> None:
    """Trains, measures all sides and writes the table."""
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    quiet_libraries()
    own = own_models(arguments)
    trained = next(iter(own.values()))
    device = next(trained.model.parameters()).device
    peers = chosen_peers(arguments, arguments.work / f"decoding-{arguments.train_steps}")
    for peer in peers:
        train_peer(peer, arguments.train_steps)
    references = list(trained.prepared.splits["test"]["target"])
    rates = {product_name(model.dtype): partial(product_rate, model.dtype, device) for model in own.values()}
    rows: list[list[str]] = []
    for beam_size in arguments.beams:
        sides: dict[str, Side] = {}
        for batch_size in arguments.batch_sizes:
            choices = [f"search.beam_size={beam_size}"] if beam_size > 1 else ["search=greedy"]
            choices += [f"data.evaluation_batch.max_sentences={batch_size}"]
            config = compose_config([*arguments.overrides, *choices], data=arguments.data, work=arguments.work)
            at_once = f"{batch_size} at once"
            sides |= {f"{name}, {at_once}": own_side(model, config) for name, model in own.items()}
            sides |= {f"{peer.name}, {at_once}": peer_side(peer, beam_size, batch_size) for peer in peers}
        measured = alternate({**sides, **rates}, rounds=arguments.rounds, warm_up=0)
        rows += cells(f"beam {beam_size}" if beam_size > 1 else "greedy", sides, measured, references)
    report.write(
        "decoding" if device.type == "cpu" else "decoding-cuda",
        "Decoding speed",
        [*meaning(arguments, len(references)), "", *table(rows)],
        precision=", ".join(dict.fromkeys(model.precision.name for model in own.values())),
        config=OmegaConf.to_yaml(trained.config, resolve=True),
        output=arguments.output,
    )


def parse() -> argparse.Namespace:
    """Reads the command line."""
    parser = options("Sentences a second in decoding.", rounds=7)
    parser.add_argument("--train-steps", type=int, default=908, help="two epochs of Multi30k")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[64, 256], help="sentences at once")
    parser.add_argument("--beams", type=int, nargs="+", default=[1, 5], help="1 is greedy")
    return parser.parse_args()


def own_models(arguments: argparse.Namespace) -> dict[str, Trainee]:
    """One model, trained in the first precision, to be used in each of them."""
    fixed = [f"trainer.max_steps={arguments.train_steps}", "trainer.max_epochs=-1", "trainer.limit_val_batches=0"]
    models: dict[str, Trainee] = {}
    for precision in arguments.precisions:
        wanted = [*fixed, f"trainer.precision={precision}", *arguments.overrides]
        config = compose_config(wanted, data=data_folder(arguments), work=arguments.work)
        first = next(iter(models.values()), None)
        model = Trainee(config, prepare_data(config) if first is None else first.prepared, skip=0)
        if first is None:
            train(model, arguments.work)
        else:
            model.model = first.model
        models.setdefault(f"{config.model.name}, {model.precision.name}", model)
    return models


def train(trainee: Trainee, work: Path) -> None:
    """Trains, unless a model of the very same configuration and data is kept."""
    settings = OmegaConf.to_yaml(trainee.config, resolve=True) + trainee.prepared.folder.name
    file = work / f"trained-{hashlib.sha256(settings.encode()).hexdigest()[:16]}.pt"
    if not file.exists():
        print(f"{trainee.config.model.name} trains for {trainee.config.trainer.max_steps} steps", file=sys.stderr)
        trainee()
        torch.save(trainee.model.state_dict(), file)
    trainee.model.load_state_dict(torch.load(file, weights_only=True))
    trainee.model.to(device_of(trainee.config)).eval()  # Lightning leaves it on the CPU


def train_peer(peer: Peer, steps: int) -> None:
    """The same for a peer."""
    file = peer.out / "trained.json"
    if not file.exists():
        print(f"{peer.name} trains for {steps} steps", file=sys.stderr)
        peer.train(steps, report_every=max(steps // 4, 1))
        file.write_text(json.dumps(peer.parameters), "utf-8")
    peer.parameters = json.loads(file.read_text("utf-8"))


def own_side(trainee: Trainee, config: DictConfig) -> Side:
    """Ours; under autocast, as Lightning would translate, where the precision is not float32."""
    model, device = trainee.model, next(trainee.model.parameters()).device
    search, datamodule = build_search(config), build_datamodule(config, trainee.prepared)
    low = trainee.dtype if trainee.dtype != torch.float32 else None

    def translate() -> Translated:
        found: dict[int, str] = {}
        allow_tf32(trainee.precision.name)
        synchronize(device)
        started = time.perf_counter()
        with (
            torch.inference_mode(low is None),
            torch.no_grad(),
            torch.autocast(device.type, dtype=low, enabled=low is not None),
        ):
            for batch in datamodule.loader("test"):
                here = batch.to(device)
                hypotheses = search(model, model.start(here.source, here.source_lengths), here.source_lengths)
                for row, (best, *_) in zip(batch.rows.tolist(), hypotheses, strict=True):
                    found[row] = trainee.prepared.tokenizers.target.decode(best.tokens)
        return Translated(time.perf_counter() - started, [found[row] for row in sorted(found)])

    def operations() -> int:
        return search_operations(model, search, list(datamodule.loader("test")))

    return Side(translate, trainee.parameters, operations, product_name(trainee.dtype))


def peer_side(peer: Peer, beam_size: int, batch_size: int) -> Side:
    """A peer's own command."""
    return Side(lambda: peer.translate(beam_size, batch_size), peer.parameters)


def meaning(arguments: argparse.Namespace, sentences: int) -> list[str]:
    """What the figures are."""
    return [
        f"Sentences a second for a test split of {sentences:,}: median and quartiles of {arguments.rounds} rounds, all "
        "sides in turn; ratios are those of each round, to the peer that is fastest with any number of sentences at "
        f"once. Models were trained for {arguments.train_steps} steps of 64 "
        "sentences. Words and BLEU (lower-cased tokens, sacreBLEU with `tokenize=none`) are those of the translations "
        "that were timed: sides that write longer sentences do more work. OpenNMT-py rounds its time to 0.1 seconds. "
        "The limit is the rate of a large matrix product in that precision, with as many threads, over the operations "
        "of the products in our own search; softmax, sorting and text come on top.",
        "",
        corpus_note(arguments),
    ]


def cells(search: str, sides: Mapping[str, Side], measured: Alternated, references: list[str]) -> list[list[str]]:
    """A row for each side; the fastest peer is so with the batches that suit it best."""
    peers = [name for name, side in sides.items() if side.operations is None]
    fastest = max(peers, key=lambda name: measured.side(name).median, default=None)
    rows = []
    for name, side in sides.items():
        ratio = "–" if fastest is None else measured.ratio(name, fastest).show(".2f")
        words = sum(len(sentence.split()) for sentence in side.sentences) / len(side.sentences)
        bleu = sacrebleu.corpus_bleu(side.sentences, [references], tokenize="none", force=True).score
        speed = measured.side(name).show()
        limit = share = "–"
        if side.operations is not None:
            most, part = measured.limit(name, side.product, side.operations() / len(side.sentences))
            limit, share = most.show(), part.show(".0%")
        rows.append([search, name, f"{side.parameters:,}", speed, ratio, limit, share, f"{words:.1f}", f"{bleu:.1f}"])
    return rows


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """All rows."""
    headings = ["search", "side", "parameters", "sentences/s", "times the fastest peer", "limit, sentences/s"]
    return report.table([*headings, "of the limit", "words a sentence", "BLEU"], rows, texts=2)


if __name__ == "__main__":
    main()
