"""What a decoder remembers between two steps."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attnlab.attention.attend import Memory
from attnlab.attention.past import Past


@dataclass(frozen=True)
class RecurrentState:
    """Hidden state of every layer, and the cell state of an LSTM; any axes may stand between layers and hidden."""

    hidden: Float[Tensor, "layers *rows hidden"]
    cell: Float[Tensor, "layers *rows hidden"] | None

    def map(self, change: Callable[[Tensor], Tensor]) -> "RecurrentState":
        """Both, changed alike."""
        return RecurrentState(change(self.hidden), None if self.cell is None else change(self.cell))


@dataclass(frozen=True)
class DecoderState:
    """All that a decoder knows before it reads the next token of `batch` sentences with `beam` hypotheses each.

    Attributes:
        recurrent: state of the recurrent layers.
        memory: what attention reads, None without attention.
        past: where attention looked before, None without attention.
        fed: a vector that joins the next input: Luong's attentional of the last step with input feeding (zeros at the
            first), the fixed context of `no_attention_context`; None where nothing is fed.
    """

    recurrent: RecurrentState
    memory: Memory | None
    past: Past | None
    fed: Float[Tensor, "batch beam fed"] | None

    def select(self, rows: Int[Tensor, " kept"] | None, parents: Int[Tensor, "kept beam"]) -> "DecoderState":
        """Sentence i becomes the old sentence `rows[i]`, its hypothesis j the old hypothesis `parents[i, j]` of it."""
        index = torch.arange(parents.shape[0], device=parents.device) if rows is None else rows
        sentences = index.unsqueeze(1)
        recurrent = self.recurrent.map(lambda part: part[:, sentences, parents])
        memory = self.memory
        if memory is not None and rows is not None:
            memory = memory.select(rows)
        fed = None if self.fed is None else self.fed[sentences, parents]
        past = None if self.past is None else self.past.select(sentences, parents)
        return replace(self, recurrent=recurrent, memory=memory, past=past, fed=fed)
