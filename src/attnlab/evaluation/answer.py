"""What a model says to a batch: its best translations, and how well it predicts the references."""

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from attnlab.data.batch import Batch
from attnlab.decoding.protocol import Hypothesis, Search
from attnlab.seq2seq.model import Seq2Seq
from attnlab.text.special import PAD


@dataclass(frozen=True)
class Answer:
    """One sentence's results.

    Attributes:
        row: its row in the split.
        hypotheses: translations, best first.
        nll: negative log-likelihood of the reference, EOS included, in nats.
        tokens: reference tokens, EOS included.
        correct: reference tokens that were the model's first choice under teacher forcing.
    """

    row: int
    hypotheses: list[Hypothesis]
    nll: float
    tokens: int
    correct: int


def answer(model: Seq2Seq, batch: Batch, search: Search) -> list[Answer]:
    """Searches translations of a batch and scores its references; one answer for each row, in the batch's order."""
    hypotheses = search(model, model.start(batch.source, batch.source_lengths), batch.source_lengths)
    logits = model(batch.source, batch.source_lengths, batch.target[:, :-1]).logits
    nll, correct = _reference_totals(logits, batch.target[:, 1:])
    return [
        Answer(row, found, *totals)
        for row, found, *totals in zip(
            batch.rows.tolist(),
            hypotheses,
            nll.tolist(),
            (batch.target_lengths - 1).tolist(),
            correct.tolist(),
            strict=True,
        )
    ]


def _reference_totals(
    logits: Float[Tensor, "batch target vocab"], labels: Int[Tensor, "batch target"]
) -> tuple[Float[Tensor, " batch"], Int[Tensor, " batch"]]:
    """Per sentence: summed negative log-likelihood, and how often the reference was the first choice."""
    real = labels != PAD
    log_probs = logits.float().log_softmax(dim=-1)
    nll = -(log_probs.gather(-1, labels.unsqueeze(-1)).squeeze(-1) * real).double().sum(dim=1)
    correct = ((logits.argmax(dim=-1) == labels) & real).sum(dim=1)
    return nll, correct
