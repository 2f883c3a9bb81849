"""How the peers train and translate, each by its own command, and what their logs say of it."""

import json
import os
import re
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, final

import yaml

HERE: Final = Path(__file__).parent
SPLITS: Final = {"train": "train", "validation": "val", "test": "test_2016_flickr"}


@dataclass(frozen=True)
class Translated:
    """A test set in another language, and the seconds that took after the model was loaded."""

    seconds: float
    sentences: list[str]


class Peer(ABC):
    """Another toolkit in the setup of the benchmarks.

    Args:
        data: folder of `train.jsonl`, `validation.jsonl` and `test.jsonl` with the sides `en` and `de`.
        work: where its text, vocabulary and models are kept.
        threads: processors that it may use.
    """

    name: ClassVar[str]
    batches: ClassVar[str]
    """How it fills them."""
    environment: ClassVar[str]

    def __init__(self, data: Path, work: Path, threads: int) -> None:
        self.text = _parallel_text(data, work / "peers" / "text")
        self.out = work / "peers" / self.environment
        self.out.mkdir(parents=True, exist_ok=True)
        self.threads = threads
        self.parameters = 0
        """Known once it has trained."""

    @classmethod
    def installed(cls) -> bool:
        """Whether install.sh has finished its environment."""
        return (HERE / f".venv-{cls.environment}" / ".ready").exists()

    def train(self, steps: int, *, report_every: int) -> float:
        """Real target tokens a second over all reports but the first; leaves a model."""
        log = self._train(steps, report_every)
        self.parameters = self._count(log)
        return self._speed(log)

    @abstractmethod
    def translate(self, beam_size: int, batch_size: int) -> Translated:
        """The test split, so many sentences at once, by the model that was trained last."""

    @abstractmethod
    def _train(self, steps: int, report_every: int) -> str: ...

    @abstractmethod
    def _speed(self, log: str) -> float: ...

    @abstractmethod
    def _count(self, log: str) -> int: ...

    def _filled(self, name: str) -> str:
        return (HERE / name).read_text("utf-8").replace("DATA", str(self.text)).replace("OUT", str(self.out))

    def _run(self, command: str, *arguments: object) -> str:
        """What a command of its environment prints.

        Raises:
            RuntimeError: it failed; the end of its log is the message.
        """
        variables = {
            **os.environ,
            "OMP_NUM_THREADS": str(self.threads),
            "CUDA_VISIBLE_DEVICES": "",
            "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1",  # OpenNMT-py keeps more than tensors in a checkpoint
        }
        program = HERE / f".venv-{self.environment}" / "bin" / command
        done = subprocess.run(
            [str(program), *map(str, arguments)],
            check=False,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{self.name} ended with status {done.returncode}: {done.stdout[-2000:]}")
        return done.stdout


@final
class OpenNMT(Peer):
    """OpenNMT-py 3.5.1."""

    name = "OpenNMT-py"
    batches = "by length"
    environment = "opennmt-py"

    def translate(self, beam_size: int, batch_size: int) -> Translated:
        """Its log rounds to 0.1 seconds."""
        (model,) = self.out.glob("model_step_*.pt")
        output = self.out / f"translated-{beam_size}"
        sizes = ("-beam_size", beam_size, "-batch_size", batch_size, "-batch_type", "sents", "-max_length", 60)
        files = ("-src", f"{self.text}/{SPLITS['test']}.en", "-output", output)
        log = self._run("onmt_translate", "-model", model, *files, *sizes, "-report_time")
        return Translated(_only(r"Total translation time \(s\): ([\d.]+)", log), _lines(output))

    def _train(self, steps: int, report_every: int) -> str:
        config = self.out / "config.yaml"
        config.write_text(self._filled("opennmt-py.yaml"), "utf-8")
        vocabulary = self.out / "vocab.src"
        if not vocabulary.exists():
            self._run("onmt_build_vocab", "-config", config, "-n_sample", -1)
            # A double space in Multi30k makes a blank token, which onmt_train dies on.
            words = [line for line in _lines(vocabulary) if not line.startswith("\t")]
            vocabulary.write_text("".join(f"{line}\n" for line in words), "utf-8")
        for model in self.out.glob("model_step_*.pt"):
            model.unlink()
        counts = ("-train_steps", steps, "-report_every", report_every)
        never = ("-valid_steps", steps + 1, "-save_checkpoint_steps", steps)  # but at the end
        loading = ("-num_workers", 0, "-bucket_size", 29_000)
        return self._run("onmt_train", "-config", config, "-save_model", self.out / "model", *counts, *never, *loading)

    def _speed(self, log: str) -> float:
        found = re.findall(r"Step +\d+/.* bsz: +\d+/ *(\d+)/.*?; +\d+/ *(\d+) tok/s", log)
        reports = [(float(tokens), float(speed)) for tokens, speed in found[1:]]  # tokens of a mean batch
        return sum(tokens for tokens, _ in reports) / sum(tokens / speed for tokens, speed in reports)

    def _count(self, log: str) -> int:
        return int(_only(r"number of parameters: (\d+)", log))


@final
class JoeyNMT(Peer):
    """joeynmt 2.3.0."""

    name = "joeynmt"
    batches = "at random"
    environment = "joeynmt"

    def translate(self, beam_size: int, batch_size: int) -> Translated:
        """Without the validation split, which it would translate, too."""
        config = yaml.safe_load(self._filled("joeynmt.yaml"))
        del config["data"]["dev"]
        config["testing"] |= {"beam_size": beam_size, "batch_size": batch_size}
        output = self.out / f"translated-{beam_size}"
        log = self._start("test", config, "-o", output)
        return Translated(_only(r"Generation took ([\d.]+)", log), _lines(Path(f"{output}.test")))

    def _train(self, steps: int, report_every: int) -> str:
        config = yaml.safe_load(self._filled("joeynmt.yaml"))
        never = report_every * (steps + 1)  # validates, that is; a multiple is asked for
        changes = {"updates": steps, "epochs": steps, "logging_freq": report_every, "validation_freq": never}
        config["training"] |= changes
        return self._start("train", config, "-t")

    def _start(self, mode: str, config: object, *arguments: object) -> str:
        file = self.out / f"{mode}.yaml"
        file.write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
        return self._run("python", HERE / "joeynmt_run.py", mode, file, *arguments)

    def _speed(self, log: str) -> float:
        speeds = [float(speed) for speed in re.findall(r"Tokens per Sec: +(\d+)", log)[1:]]
        return len(speeds) / sum(1 / speed for speed in speeds)  # reports hold about as many tokens each

    def _count(self, log: str) -> int:
        return int(_only(r"Total params: (\d+)", log))


PEERS: Final[dict[str, type[Peer]]] = {peer.environment: peer for peer in (OpenNMT, JoeyNMT)}


def _parallel_text(data: Path, folder: Path) -> Path:
    """One sentence a line, a file for each side."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, name in SPLITS.items():
        pairs = [json.loads(line) for line in _lines(data / f"{split}.jsonl")]
        for side in ("en", "de"):
            (folder / f"{name}.{side}").write_text("".join(f"{pair[side]}\n" for pair in pairs), "utf-8")
    return folder


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").removesuffix("\n").split("\n")


def _only(pattern: str, log: str) -> float:
    """The last number that the log gives."""
    return float(re.findall(pattern, log)[-1])
