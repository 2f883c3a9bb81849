"""What a model says to a batch: its best translations, and how well it predicts the references."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attnlab.data.batch import Batch
from attnlab.decoding.protocol import Hypothesis, Search
from attnlab.errors import ConfigError
from attnlab.masking import widened
from attnlab.seq2seq.model import Seq2Seq
from attnlab.text.special import PAD, UNK


@dataclass(frozen=True)
class Answer:
    """One sentence's results.

    Attributes:
        row: its row in the split.
        hypotheses: translations, best first.
        nll: negative log-likelihood of the reference, EOS included, in nats.
        tokens: reference tokens, EOS included.
        correct: reference tokens that were the model's first choice under teacher forcing.
        forced_weights: attention while the reference was read, where it was asked for and the model has any: in
            float32 at least and in main memory, a row for each reference token and EOS, a column for each source token
            and EOS.
    """

    row: int
    hypotheses: list[Hypothesis]
    nll: float
    tokens: int
    correct: int
    forced_weights: Float[Tensor, "target source"] | None = None


def answer(model: Seq2Seq, batch: Batch, search: Search, *, keep_weights: bool = False) -> list[Answer]:
    """Searches translations of a batch and scores its references; one answer for each row, in the batch's order.

    Args:
        model: in evaluation mode.
        batch: on the model's device.
        search: finds the translations.
        keep_weights: whether answers hold the attention to their references as well.
    """
    hypotheses = search(model, model.start(batch.source, batch.source_lengths), batch.source_lengths)
    prediction = model(batch.source, batch.source_lengths, batch.target[:, :-1])
    nll, correct = _reference_totals(prediction.logits, batch.target[:, 1:])
    weights = prediction.weights if keep_weights else None
    return [
        Answer(row, found, *totals)
        for row, found, *totals in zip(
            batch.rows.tolist(),
            hypotheses,
            nll.tolist(),
            (batch.target_lengths - 1).tolist(),
            correct.tolist(),
            [None] * len(batch.rows) if weights is None else _without_padding(weights, batch),
            strict=True,
        )
    ]


def attends(model: Seq2Seq) -> bool:
    """Whether the model looks at its source: one step on one token shows it."""
    one = torch.full((1, 1), UNK, device=next(model.parameters()).device)
    with torch.inference_mode():
        return model(one, torch.ones_like(one[0]), one).weights is not None


def require_attention(model: Seq2Seq, key: str) -> None:
    """Refuses to show what a model looked at that looks at nothing.

    Raises:
        ConfigError: naming the key that asks for it.
    """
    if not attends(model):
        raise ConfigError(f"{key} asks what the model looked at, but this model has no attention: leave it out.")


def _without_padding(weights: Float[Tensor, "batch target source"], batch: Batch) -> list[Float[Tensor, "_ _"]]:
    """Each row's own part, copied so that nothing of the batch stays in memory."""
    wide = widened(weights).cpu()
    sizes = zip((batch.target_lengths - 1).tolist(), batch.source_lengths.tolist(), strict=True)
    return [wide[row, :target, :source].clone() for row, (target, source) in enumerate(sizes)]


def _reference_totals(
    logits: Float[Tensor, "batch target vocab"], labels: Int[Tensor, "batch target"]
) -> tuple[Float[Tensor, " batch"], Int[Tensor, " batch"]]:
    """Per sentence: summed negative log-likelihood, and how often the reference was the first choice."""
    real = labels != PAD
    log_probs = widened(logits).log_softmax(dim=-1)
    nll = -(log_probs.gather(-1, labels.unsqueeze(-1)).squeeze(-1) * real).double().sum(dim=1)
    correct = ((logits.argmax(dim=-1) == labels) & real).sum(dim=1)
    return nll, correct
