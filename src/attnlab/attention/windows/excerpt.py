"""How many steps read a few vectors of a long source each, at a cost that does not grow with the source.

Autograd would make the gradient of every such reading as large as the source, nearly all zeros, and add them up; and it
would keep a copy of what was read until then. Here each step adds its few rows to one gradient in place, and reads
again what it needs for that. Indexing, `vectors[rows, positions]`, is the reference.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.autograd.graph import saved_tensors_hooks


@dataclass
class _Tape:
    """The gradient that the steps of one backward pass have added up, in float32 at least."""

    backward_pass: int = -1
    total: Tensor | None = None

    def add(self, shape: torch.Size, rows: Tensor, gradient: Tensor) -> None:
        """Adds one step; what is left of another pass, which asked for no gradient of the vectors, goes first."""
        running = torch._C._current_graph_task_id()
        if running != self.backward_pass or self.total is None:
            self.backward_pass = running
            self.total = gradient.new_zeros(shape, dtype=torch.promote_types(gradient.dtype, torch.float32))
        self.total.index_add_(0, rows, gradient.to(self.total.dtype))

    def take(self) -> Tensor | None:
        """The gradient of the running pass; autograd asks for it after all steps."""
        total, self.total = self.total, None
        return total if self.backward_pass == torch._C._current_graph_task_id() else None


class _Open(Function):
    @staticmethod
    def forward(ctx: Any, vectors: Tensor, tape: _Tape) -> Tensor:
        ctx.set_materialize_grads(False)
        ctx.tape, ctx.shape, ctx.dtype = tape, vectors.shape, vectors.dtype
        return vectors.flatten(0, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, _: None) -> tuple[Tensor | None, None]:
        total = ctx.tape.take()
        return None if total is None else total.view(ctx.shape).to(ctx.dtype), None


class _Read(Function):
    @staticmethod
    def forward(ctx: Any, vectors: Tensor, rows: Tensor, tape: _Tape) -> Tensor:
        ctx.save_for_backward(rows)
        ctx.tape, ctx.shape = tape, vectors.shape
        return vectors.index_select(0, rows)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, None, None]:
        ctx.tape.add(ctx.shape, *ctx.saved_tensors, gradient)
        return None, None, None


class Readable:
    """The vectors of a source batch; steps that share one of these share the work of its gradient."""

    def __init__(self, vectors: Float[Tensor, "batch source size"]) -> None:
        self._vectors = vectors
        self._tape = _Tape()
        self._opened: Tensor | None = None
        self._with_gradients = False  # torch says that a view made without gradients requires them

    def read(self, rows: Int[Tensor, " rows"]) -> Float[Tensor, "rows size"]:
        """The vectors with these numbers, counted through the batch. There is no second derivative."""
        wanted = torch.is_grad_enabled() and self._vectors.requires_grad
        if self._opened is None or (wanted and not self._with_gradients):
            self._opened = _Open.apply(self._vectors, self._tape)  # type: ignore[no-untyped-call]
            self._with_gradients = wanted
        read: Tensor = _Read.apply(self._opened, rows, self._tape)  # type: ignore[no-untyped-call]
        return read


@dataclass(frozen=True)
class _ReadAgain:
    """What autograd keeps in place of something that was read: how to get it."""

    source: Readable
    rows: Tensor
    size: torch.Size
    stride: tuple[int, ...]
    offset: int

    def get(self) -> Tensor:
        """The same numbers in the same layout."""
        with torch.no_grad():
            return self.source.read(self.rows).as_strided(self.size, self.stride, self.offset)


@contextmanager
def excerpts(
    sources: Sequence[Readable], positions: Int[Tensor, "batch target seen"], *, source_size: int
) -> Iterator[list[Float[Tensor, "queries seen _"]]]:
    """What each of the sources holds at each query's positions, for use inside the `with` block.

    Queries are counted through the batch: the row of sentence i and query j is i * target + j. Whatever autograd keeps
    of the excerpts themselves for operations in the block, it reads again when it needs it.
    """
    starts = torch.arange(positions.shape[0], device=positions.device) * source_size
    rows = (positions + starts.view(-1, 1, 1)).flatten()
    read = [source.read(rows) for source in sources]
    origin = {each.untyped_storage().data_ptr(): source for each, source in zip(read, sources, strict=True)}

    def keep(tensor: Tensor) -> Tensor | _ReadAgain:
        source = origin.get(tensor.untyped_storage().data_ptr())
        if source is None:
            return tensor
        return _ReadAgain(source, rows, tensor.size(), tensor.stride(), int(tensor.storage_offset()))

    def give(kept: Tensor | _ReadAgain) -> Tensor:
        return kept.get() if isinstance(kept, _ReadAgain) else kept

    with saved_tensors_hooks(keep, give):
        yield [each.unflatten(0, (-1, positions.shape[2])) for each in read]
