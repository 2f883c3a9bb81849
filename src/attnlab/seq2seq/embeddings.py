"""The layers that know the vocabularies: embeddings of both sides and the output layer."""

from collections.abc import Iterator
from typing import Final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import linear, pad

from attnlab.errors import ConfigError
from attnlab.masking import widened
from attnlab.seq2seq.dropout import Dropout
from attnlab.text.special import PAD

ALIGNED: Final = 16
"""Numbers in a cache line, in float32."""
EVEN: Final = 64
"""Rows are filled up to a multiple: oneDNN makes a kernel for each new size of a bfloat16 product, in up to 20 ms."""
AT_ONCE: Final = 2**21
"""Scores that search makes together on a CPU, whose cache holds them: 8 MiB in float32."""


class Embeddings(nn.Module):
    """Embeds source and target tokens and turns output vectors into scores of words.

    With `tie_output` the output layer projects to embedding_size and multiplies with the target embedding
    (Press & Wolf 2017); with `tie_sides` both sides share one embedding, which needs a joint vocabulary.

    Embedded tokens are multiplied by sqrt(embedding_size), as in Vaswani et al. (2017), section 3.4: recurrent layers
    fed with numbers of about 1 find the alignment epochs sooner than with the small ones that a tied output needs.

    Raises:
        ConfigError: if `tie_sides` meets vocabularies of different size.
    """

    def __init__(
        self,
        *,
        source_vocab_size: int,
        target_vocab_size: int,
        embedding_size: int,
        output_size: int,
        dropout: float,
        tie_output: bool,
        tie_sides: bool,
    ) -> None:
        super().__init__()
        if tie_sides and source_vocab_size != target_vocab_size:
            raise ConfigError(
                f"tie_sides needs one vocabulary for both sides, but they have {source_vocab_size} and "
                f"{target_vocab_size} entries: use a joint tokenizer or set model.network.embeddings.tie_sides=false."
            )
        self.target = _embedding(target_vocab_size, embedding_size)
        self.source = self.target if tie_sides else _embedding(source_vocab_size, embedding_size)
        self.scale = embedding_size**0.5
        self.dropout = Dropout(dropout)
        vocabulary = nn.Linear(embedding_size if tie_output else output_size, target_vocab_size)
        if tie_output:
            vocabulary.weight = self.target.weight
            self.output: nn.Module = nn.Sequential(nn.Linear(output_size, embedding_size, bias=False), vocabulary)
        else:
            self.output = vocabulary

    def embed_source(self, tokens: Int[Tensor, "batch source"]) -> Float[Tensor, "batch source embedding"]:
        """Embedded source tokens, with dropout."""
        embedded: Tensor = self.dropout(self.source(tokens) * self.scale)
        return embedded

    def embed_target(self, tokens: Int[Tensor, "batch target"]) -> Float[Tensor, "batch target embedding"]:
        """Embedded target tokens, with dropout."""
        embedded: Tensor = self.dropout(self.target(tokens) * self.scale)
        return embedded

    @property
    def vocabulary(self) -> nn.Linear:
        """The last layer, which has a row of weights for each target word."""
        last = self.output[-1] if isinstance(self.output, nn.Sequential) else self.output
        assert isinstance(last, nn.Linear)
        return last

    def narrow(self, outputs: Float[Tensor, "batch target output"]) -> Float[Tensor, "batch target narrow"]:
        """What the last layer reads: with a tied output the outputs in the size of an embedding."""
        return self.output[0](outputs) if isinstance(self.output, nn.Sequential) else outputs

    def logits(self, outputs: Float[Tensor, "batch target output"]) -> Float[Tensor, "batch target vocab"]:
        """Scores of all words before the softmax over the vocabulary."""
        scores: Tensor = self.output(outputs)
        return scores

    def log_probs(self, outputs: Float[Tensor, "batch beam output"]) -> Iterator[Float[Tensor, "_ beam filled"]]:
        """Log softmax of `logits`, in float32 at least, for search: a few sentences at a time, without a gradient.

        Columns past the vocabulary hold minus infinity.
        """
        narrow, (batch, beam) = self.narrow(outputs), outputs.shape[:2]
        rows = max(AT_ONCE // self.vocabulary.out_features // EVEN, 1) * EVEN
        for some in narrow.split(max(rows // beam, 1) if narrow.is_cpu else batch):
            yield self._log_probs(some.flatten(0, 1)).unflatten(0, (-1, beam))

    @torch.no_grad()
    def _log_probs(self, rows: Float[Tensor, "rows narrow"]) -> Float[Tensor, "rows filled"]:
        """Every row of scores begins on a cache line, whatever the size of the vocabulary: the product of MKL is a
        third faster for it.
        """  # noqa: D205
        last = self.vocabulary
        if torch.is_autocast_enabled(rows.device.type):  # which knows no products into a given place
            even = linear(pad(rows, (0, 0, 0, -len(rows) % EVEN)), last.weight, last.bias)
            return even[: len(rows)].log_softmax(dim=1, dtype=widened(rows.new_empty(0)).dtype)
        scores = rows.new_empty(len(rows), -(-last.out_features // ALIGNED) * ALIGNED)
        scores[:, last.out_features :] = -torch.inf
        torch.addmm(last.bias, rows, last.weight.T, out=scores[:, : last.out_features])
        return widened(scores).log_softmax(dim=1)


def _embedding(vocab_size: int, embedding_size: int) -> nn.Embedding:
    """N(0, 1/embedding_size): a tied output layer starts with small scores, and `Embeddings.scale` makes up for it."""
    embedding = nn.Embedding(vocab_size, embedding_size, padding_idx=PAD)
    nn.init.normal_(embedding.weight, std=embedding_size**-0.5)
    return embedding
