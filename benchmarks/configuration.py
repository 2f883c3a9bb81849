"""The configuration that the speed benchmarks share: one setup in which attnlab and its peers do the same work."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import report
import torch
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, open_dict
from peers.running import PEERS, Peer
from report import ROOT

MULTI30K = ROOT.parent / "shared" / "data" / "multi30k-tok"
WORK = ROOT / "outputs" / "benchmarks"
"""Where prepared data and trained models are kept for the next benchmark."""
SETUP = (
    "data=multi30k_tok",
    "data/tokenizer=words",
    "data.tokenizer.min_frequency=2",
    "data.batch.max_tokens=null",
    "data.batch.max_sentences=64",
    "data.evaluation_batch.max_tokens=null",
    "data.evaluation_batch.max_sentences=64",
    "data.recipe.embedding_size=256",
    "data.recipe.hidden_size=512",
    "data.recipe.dropout=0.2",
    "data.recipe.tie_output=false",
    "data.recipe.label_smoothing=0.0",
    "data.recipe.learning_rate=0.001",
    "schedule=constant",
    "callbacks.averaging=null",
    "logger=none",
)
"""Words seen twice or more, a biLSTM of 2 x 256, a decoder of 512, nothing tied, 64 sentences a batch, Adam."""
VOCABULARIES = (5_917, 7_855)
"""English and German words that Multi30k's training split holds twice or more."""


def options(description: str, *, rounds: int) -> argparse.ArgumentParser:
    """What every comparison with the peers can be told."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("overrides", nargs="*", help="changes of the configuration, such as model=luong_dot")
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precisions", nargs="+", default=["32-true", "auto"], help="one after the other")
    installed = [name for name, peer in PEERS.items() if peer.installed()]
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=installed, help="none to leave them out")
    parser.add_argument("--data", type=Path, default=MULTI30K, help="folder of Multi30k as tokens")
    parser.add_argument("--pairs", type=int, default=29_000, help="size of the synthetic corpus that stands in for it")
    parser.add_argument("--work", type=Path, default=WORK, help="where prepared data and models are kept")
    parser.add_argument("--output", type=Path, default=report.RESULTS)
    return parser


def data_folder(arguments: argparse.Namespace) -> Path:
    """Multi30k, or what stands in for it."""
    if arguments.data.is_dir():
        return Path(arguments.data)
    return synthetic(arguments.work / f"synthetic-{arguments.pairs}", arguments.pairs)


def chosen_peers(arguments: argparse.Namespace, work: Path) -> list[Peer]:
    """Those that run, none without Multi30k."""
    real = arguments.data.is_dir()
    return [PEERS[name](arguments.data, work, arguments.threads) for name in arguments.peers if real]


def corpus_note(arguments: argparse.Namespace) -> str:
    """On what was measured, and which peers are missing."""
    if not arguments.data.is_dir():
        return (
            f"{arguments.data} is not on this machine: attnlab reads random words in sentences as long as Multi30k's, "
            "and no peer is run."
        )
    missing = [name for name in PEERS if name not in arguments.peers]
    said = f" Not run: {', '.join(missing)} (`sh benchmarks/peers/install.sh` installs the peers)." if missing else ""
    return f"Multi30k English-German as lower-cased tokens.{said}"


def device_of(config: DictConfig) -> torch.device:
    """Where Lightning will put the model."""
    on_gpu = torch.cuda.is_available() and config.trainer.accelerator != "cpu"
    return torch.device("cuda" if on_gpu else "cpu")


def compose_config(overrides: Sequence[str], *, data: Path, work: Path) -> DictConfig:
    """The setup with changes of a user, composed as train.py does."""
    places = [f"data.path={data}", f"paths.outputs={work}"]
    with initialize_config_dir(str(ROOT / "conf")):
        config = compose("train", overrides=[*SETUP, *places, *overrides], return_hydra_config=True)
    config.hydra.runtime.output_dir = str(work / "run")
    HydraConfig.instance().set_config(config)  # for names that are made of choices
    with open_dict(config):
        del config.hydra
    return config


def synthetic(folder: Path, pairs: int) -> Path:
    """Random words in sentences as long as Multi30k's, for machines without it; returns the folder.

    There a source has 13.0 ± 4.0 words, nearly gamma distributed, and a target 0.6 ± 2.2 fewer.
    """
    if folder.is_dir():
        return folder
    rng = np.random.default_rng(1)
    folder.mkdir(parents=True)
    for split, size in (("train", pairs), ("validation", pairs // 29), ("test", pairs // 29)):
        source = rng.gamma(13.02**2 / 4.01**2, 4.01**2 / 13.02, size).round().clip(3)
        target = (source + rng.normal(-0.58, 2.16, size).round()).clip(2)
        with (folder / f"{split}.jsonl").open("w", encoding="utf-8") as file:
            for lengths in zip(source.astype(int), target.astype(int), strict=True):
                sides = zip(("en", "de"), VOCABULARIES, lengths, strict=True)
                file.write(json.dumps({side: _sentence(rng, words, length) for side, words, length in sides}) + "\n")
    return folder


def _sentence(rng: np.random.Generator, words: int, length: int) -> str:
    return " ".join(f"w{word}" for word in rng.integers(words, size=length).tolist())
