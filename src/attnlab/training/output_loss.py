"""The loss of an output layer and its gradients, made together a few rows of scores at a time.

Scores of all words are the largest tensor of a training step. Here a chunk of them is made, turned into probabilities,
multiplied into the gradients and forgotten, so that no two chunks exist together and the backward pass only scales. The
products run in the type of the outputs, exponentials and sums in float32 at least. `LabelSmoothedCrossEntropy.forward`
is the reference.
"""

from typing import Any, Final, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad

from attnlab.masking import widened
from attnlab.seq2seq.embeddings import ALIGNED, EVEN

CHUNK: Final = 2**23
"""Scores that exist together, 32 MiB in float32."""


class Sums(NamedTuple):
    """Over all rows, in nats."""

    smoothed: Float[Tensor, ""]
    nll: Float[Tensor, ""]


def sum_losses(
    rows: Float[Tensor, "rows output"], vocabulary: nn.Linear, labels: Int[Tensor, " rows"], *, smoothing: float
) -> Sums:
    """Label-smoothed cross-entropy and negative log-likelihood of `vocabulary(rows)`; only the first has a gradient."""
    return Sums(*_Scored.apply(rows, vocabulary.weight, vocabulary.bias, labels, smoothing))  # type: ignore[no-untyped-call]


class _Scored(Function):
    """With e the smoothing, V words and mean score m, a row's loss is -log p(label) + e (score(label) - m).

    Its gradient to the scores is p - (1 - e) at the label - e / V everywhere. The last term is the same for all rows
    and words, so it is added to the gradients of rows and weights at the end and never to the scores.
    """

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor, labels: Tensor, smoothing: float
    ) -> tuple[Tensor, Tensor]:
        words = len(weight)
        # Rows of scores begin on cache lines: words without probability fill them up.
        low = rows.new_zeros(-(-words // ALIGNED) * ALIGNED, rows.shape[1])
        low[:words] = weight
        low_bias = pad(bias.to(rows.dtype), (0, len(low) - words), value=-torch.inf)
        wide = widened(rows.new_empty(0)).dtype
        count, at_once = len(rows), EVEN * max(1, CHUNK // (EVEN * len(low)))
        rows, labels = pad(rows, (0, 0, 0, -count % EVEN)), pad(labels, (0, -count % EVEN)).unsqueeze(1)
        nll, label_scores = rows.new_zeros(2, dtype=wide).unbind()
        few = EVEN if rows.is_cpu else at_once  # rows that a core's cache holds
        row_gradient, wide_scores = torch.empty_like(rows), rows.new_empty(min(few, len(rows)), len(low), dtype=wide)
        weight_gradient, bias_gradient = rows.new_empty(0), rows.new_zeros(len(low), dtype=wide)
        for first in range(0, max(len(rows), 1), at_once):
            chunk = slice(first, first + at_once)
            scores = torch.addmm(low_bias, rows[chunk], low.T)
            for start, some in zip(range(first, len(rows), few), scores.split(few), strict=False):
                answers, real = labels[start : start + few], count - start
                label_scores += some.gather(1, answers)[:real].sum(dtype=wide)
                log_probs = torch.log_softmax(some, dim=-1, dtype=wide, out=wide_scores[: len(some)])
                own = log_probs.gather(1, answers)
                nll -= own[:real].sum()
                # Not p - 1, of which nothing would be left where a bfloat16 p rounds to 1.
                gradient = log_probs.exp_().scatter_(1, answers, own.expm1() + smoothing)
                gradient[real:] = 0
                bias_gradient += gradient.sum(dim=0)
                some.copy_(gradient)
            torch.mm(scores, low, out=row_gradient[chunk])
            product = scores.T @ rows[chunk]
            weight_gradient = product.to(wide) if first == 0 else weight_gradient.add_(product)
        row_gradient = row_gradient[:count]
        smoothed = nll.clone()
        if smoothing > 0:
            everything, mean = widened(rows).sum(dim=0), weight.mean(dim=0)
            smoothed += smoothing * (label_scores - everything @ mean.to(wide) - count * bias.mean())
            row_gradient -= (smoothing * mean).to(rows.dtype)
            weight_gradient -= smoothing / words * everything
            bias_gradient -= smoothing / words * count
        ctx.gradients = row_gradient, weight_gradient[:words].to(weight.dtype), bias_gradient[:words].to(bias.dtype)
        ctx.mark_non_differentiable(nll)
        return smoothed, nll

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        rows, weight, bias = ctx.gradients
        del ctx.gradients  # so that a second pass fails instead of finding them scaled
        return rows.mul_(gradient), weight.mul_(gradient), bias.mul_(gradient), None, None
