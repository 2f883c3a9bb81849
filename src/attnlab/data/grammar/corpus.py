"""How the embedded corpus is served and cached as a Hugging Face dataset."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from datasets import DatasetDict

from attnlab.data.grammar.requested_lengths import RequestedLengths
from attnlab.data.grammar.sampling import sample_pairs
from attnlab.data.grammar.words import Pair
from attnlab.data.storage import store_rows
from attnlab.errors import ConfigError

_LANGUAGES: Final = frozenset({"en", "de"})


@dataclass(frozen=True, slots=True)
class _Settings:
    """Everything that decides which pairs the corpus holds."""

    seed: int
    train_size: int
    validation_size: int
    test_size: int
    lengths: dict[str, int | float]
    flipped: bool


class GrammarCorpus:
    """Sentence pairs of an English-German grammar with gold word alignments, the same for the same settings anywhere.

    Args:
        seed: decides every pair; each split draws from a seed of its own.
        train_size: pairs in the training split, among which short sentences may repeat.
        validation_size: pairs, all different.
        test_size: pairs, all different.
        lengths: requested source lengths; see `RequestedLengths`.
        source_language: "en" or "de".
        target_language: the other one.
        cache_dir: folder under which finished corpora are kept, one folder for each fingerprint.

    Raises:
        ConfigError: when a setting cannot be met.
    """

    name: Final = "grammar"

    def __init__(
        self,
        *,
        seed: int,
        train_size: int,
        validation_size: int,
        test_size: int,
        lengths: Mapping[str, int | float],
        source_language: str = "en",
        target_language: str = "de",
        cache_dir: str | Path,
    ) -> None:
        if {source_language, target_language} != _LANGUAGES:
            raise ConfigError(
                f"the grammar corpus has no pair {source_language}-{target_language}: "
                "set source_language and target_language to en and de, in either order"
            )
        for split, size in {"train": train_size, "validation": validation_size, "test": test_size}.items():
            if size < 1:
                raise ConfigError(f"{split}_size is {size}, but every split needs a pair: set it to at least 1")
        RequestedLengths(lengths)  # refuses what cannot be met before anything is written
        self._settings = _Settings(
            seed=seed,
            train_size=train_size,
            validation_size=validation_size,
            test_size=test_size,
            lengths={str(name): value for name, value in lengths.items()},
            flipped=source_language == "de",
        )
        self._cache_dir = Path(cache_dir)

    @property
    def fingerprint(self) -> str:
        """A hash of the settings and of the grammar's source code: a change in either makes a new cache folder."""
        digest = hashlib.sha256(json.dumps(asdict(self._settings), sort_keys=True).encode())
        for path in sorted(Path(__file__).parent.glob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()[:16]

    def load(self) -> DatasetDict:
        """The splits train, validation and test with columns source, target and alignment, from the cache if there."""
        folder = self._cache_dir / f"grammar-{self.fingerprint}"
        if not folder.is_dir():
            self._write(folder)
        return DatasetDict.load_from_disk(str(folder))

    def _write(self, folder: Path) -> None:
        """Builds in a folder beside the final one and renames it, so that nobody ever reads half a corpus."""
        try:
            self._cache_dir.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=self._cache_dir))
        except OSError as error:
            raise ConfigError(
                f"cache_dir {self._cache_dir} cannot be written ({error.strerror}): choose a folder that can"
            ) from error
        try:
            self._build(scratch).save_to_disk(str(scratch))
            for file in scratch.glob("*.arrow"):
                file.unlink()
            try:
                scratch.rename(folder)
            except OSError:
                if not folder.is_dir():  # another process may have finished first
                    raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _build(self, scratch: Path) -> DatasetDict:
        """The splits, written to `scratch` sentence by sentence: each begins where the one before ends its chance."""
        taken: set[str] = set()
        settings = self._settings
        splits = DatasetDict()
        # Held-out splits come first: training then avoids what they hold.
        sizes = {"test": settings.test_size, "validation": settings.validation_size, "train": settings.train_size}
        for split, size in sizes.items():
            pairs = sample_pairs(
                seed=settings.seed,
                split=split,
                size=size,
                lengths=settings.lengths,
                flipped=settings.flipped,
                taken=taken,
                distinct=split != "train",
            )
            splits[split] = store_rows(scratch / f"{split}.arrow", Pair._fields, pairs)
        return DatasetDict({split: splits[split] for split in ("train", "validation", "test")})
