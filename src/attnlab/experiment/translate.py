"""Translates lines as they come: one line out for each line in, whatever the line holds."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig
from rich.console import Console

from attnlab.data.batch import collate
from attnlab.data.bucketing import BatchBudget
from attnlab.decoding.protocol import Hypothesis, Search
from attnlab.errors import AttnlabError, ConfigError, DataError, ShapeError
from attnlab.evaluation.answer import require_attention
from attnlab.evaluation.heatmap import draw_heatmap, render_heatmap
from attnlab.evaluation.pictures import printable, save_figure
from attnlab.evaluation.unknown_words import UnknownWord
from attnlab.experiment.build import build_search
from attnlab.experiment.components import component
from attnlab.experiment.incoming import incoming
from attnlab.experiment.quiet import quiet_libraries
from attnlab.experiment.run_folder import open_run
from attnlab.experiment.writing import Writing
from attnlab.seq2seq.model import Seq2Seq
from attnlab.text.special import EOS, SPECIAL_TOKENS, UNK
from attnlab.text.tokenizer import Tokenizer, TokenizerPair

PICTURES = (".png", ".svg", ".pdf")
TOKENS = 8192
"""Source positions, padding counted, that are translated at once: one long line does not make all others as long."""
UNKNOWN_SHOWN = 10
"""Words that one note on unknown words lists."""


@dataclass(frozen=True)
class Translator:
    """A model with its tokenizers and a way of searching."""

    model: Seq2Seq
    tokenizers: TokenizerPair
    search: Search

    def __call__(self, lines: Sequence[str]) -> list[list[Hypothesis]]:
        """Hypotheses for each line, best first; none for a line without a word.

        Raises:
            ShapeError: if a line is longer than the model can read.
        """
        ids = self.tokenizers.source.encode_batch(lines)
        by_length = sorted((row for row, tokens in enumerate(ids) if tokens), key=lambda row: len(ids[row]))
        sizes = np.array([len(ids[row]) + 1 for row in by_length], dtype=np.int64)
        budget = BatchBudget(max_tokens=max(TOKENS, *sizes.tolist(), 0))
        found: list[list[Hypothesis]] = [[] for _ in lines]
        device, rest = next(self.model.parameters()).device, iter(by_length)
        for count in budget.cut(sizes):
            rows = list(islice(rest, count))
            batch = collate([ids[row] for row in rows], [[] for _ in rows], rows).to(device)
            with torch.inference_mode():
                state = self.model.start(batch.source, batch.source_lengths)
                hypotheses = self.search(self.model, state, batch.source_lengths)
            for row, answers in zip(rows, hypotheses, strict=True):
                found[row] = answers
        return found


def translate(config: DictConfig, sentences: Sequence[str]) -> None:
    """Translates the sentences of the command line, or else of a file or of standard input.

    Raises:
        DataError: at the end, if a line could not be translated; its output line has no word.
        RunError: a picture cannot be written.
        ConfigError: `attention` is none of its choices, or the model has none to show or to trace unknown words by.
    """
    quiet_libraries()
    attention, batch_size = _check_attention(config.attention), _check_batch_size(config.batch_size)
    run, device = open_run(config)
    stand_in = _build_stand_in(config)
    if attention is not None or stand_in is not None:
        require_attention(run.model, "unknown_words" if attention is None else "attention")
    writing = Writing(run.tokenizers, stand_in, aligned=attention == "pharaoh")
    translator = Translator(run.model.to(device), run.tokenizers, build_search(config))
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # as the input, whatever the terminal says
    failed = number = 0
    for chunk in incoming(None if config.input is None else str(config.input), sentences, batch_size):
        lines, faults = _decoded(chunk)
        for line, answers, fault in zip(lines, *_answers(translator, lines, faults), strict=True):
            number += 1
            print(_shown(writing, line, answers))
            if fault is not None:
                failed += 1
                print(f"line {number}: {fault}", file=sys.stderr)
            elif attention is not None and not writing.aligned and answers:
                _show_attention(attention, number, line, answers[0], run.tokenizers, several=len(sentences) != 1)
            _warn_of_unknown(run.tokenizers.source, line, number)
        sys.stdout.flush()
    if failed:
        raise DataError(
            f"every line gets a translation, but {failed} of {number} could not be read: see the lines above."
        )


def _decoded(chunk: Sequence[bytes]) -> tuple[list[str], list[AttnlabError | None]]:
    """The text of each line, and what is wrong with those that are none."""
    lines: list[str] = []
    faults: list[AttnlabError | None] = []
    for line in chunk:
        try:
            lines.append(line.decode("utf-8-sig"))  # files of Windows begin with a mark
            faults.append(None)
        except UnicodeDecodeError as error:
            lines.append("")
            faults.append(DataError(f"a line is UTF-8 text, but its byte {error.start + 1} is not: convert the input."))
    return lines, faults


def _answers(
    translator: Translator, lines: Sequence[str], faults: Sequence[AttnlabError | None]
) -> tuple[list[list[Hypothesis]], list[AttnlabError | None]]:
    """Translates together; if a line is too long for the model, one by one, so that the others keep theirs."""
    try:
        return translator(lines), list(faults)
    except ShapeError as error:
        if len(lines) == 1:
            return [[]], [error]
    pairs = [_answers(translator, [line], [fault]) for line, fault in zip(lines, faults, strict=True)]
    return [answers for found, _ in pairs for answers in found], [fault for _, found in pairs for fault in found]


def _shown(writing: Writing, line: str, answers: Sequence[Hypothesis]) -> str:
    """The translation; of several each on a line of its own, after its log-probability."""
    if not answers:
        return writing.nothing
    if len(answers) == 1:
        return writing(line, answers[0])
    return "\n".join(f"{answer.log_prob:.4f}\t{writing(line, answer)}" for answer in answers)


def _check_attention(attention: Any) -> str | None:
    if attention is None or attention in ("text", "pharaoh") or str(attention).endswith(PICTURES):
        return None if attention is None else str(attention)
    raise ConfigError(
        f"attention is text, pharaoh or the name of a picture ({', '.join(PICTURES)}), not {attention}: try "
        "attention=text."
    )


def _build_stand_in(config: DictConfig) -> UnknownWord | None:
    if "unknown_words" not in config or config.unknown_words is None:
        return None
    return component(config, "unknown_words", UnknownWord)


def _check_batch_size(size: Any) -> int:
    if isinstance(size, int) and not isinstance(size, bool) and size >= 1:
        return size
    raise ConfigError(f"batch_size is a number of lines from 1, not {size!r}: try batch_size=64.")


def _show_attention(
    attention: str, number: int, line: str, best: Hypothesis, tokenizers: TokenizerPair, *, several: bool
) -> None:
    assert best.weights is not None
    eos = SPECIAL_TOKENS[EOS]
    source = [*tokenizers.source.pieces(tokenizers.source.encode_batch([line])[0]), eos]
    target = [*tokenizers.target.pieces(best.tokens), *[eos] * best.finished]
    if attention == "text":
        print(render_heatmap(best.weights, source, target, width=Console().width))
        return
    path = Path(attention)
    if several:
        path = path.with_stem(f"{path.stem}-{number}")
    save_figure(draw_heatmap(best.weights, source, target), path)
    print(f"attention: {path}", file=sys.stderr)


def _warn_of_unknown(tokenizer: Tokenizer, line: str, number: int) -> None:
    ids = tokenizer.encode_batch([line])[0]
    if UNK not in ids:
        return
    words = line.split()
    unknown = dict.fromkeys(
        words[at] for at, token in zip(tokenizer.word_indices(line), ids, strict=True) if token == UNK
    )
    shown = [printable(word) for word in islice(unknown, UNKNOWN_SHOWN)]
    more = f" and {len(unknown) - len(shown)} more" if len(unknown) > len(shown) else ""
    print(f"line {number}: unknown to the model: {' '.join(shown)}{more}", file=sys.stderr)
