"""Faster ways through an LSTM on a CPU: a step as one node of the graph, and padded sentences without packing."""

from functools import cache
from typing import Any, Final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad

from attnlab.masking import length_mask, widened
from attnlab.seq2seq.dropout import drop
from attnlab.seq2seq.embeddings import ALIGNED

SHUT: Final = 1e4
"""What shuts or opens a gate, whatever else it reads: its sigmoid is 0 or 1 exactly."""


def step_lstm(
    gates: Float[Tensor, "rows gates"], cell: Float[Tensor, "rows hidden"]
) -> tuple[Float[Tensor, "rows hidden"], Float[Tensor, "rows hidden"]]:
    """Hidden and cell state after a step, from the gates' inputs and the cell state before.

    Autograd would keep a dozen small tensors for it and visit as many nodes. `LSTM.update` is the reference, but gates
    are opened, and cell states kept, in float32 at least.
    """
    new: tuple[Tensor, Tensor] = _Step.apply(gates, widened(cell))  # type: ignore[no-untyped-call]
    return new


class _Step(Function):
    """c' = f c + i g, h' = o tanh(c')."""

    @staticmethod
    def forward(ctx: Any, gates: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        opened = gates.to(before.dtype, copy=True)
        size = before.shape[-1]
        opened[:, : 2 * size].sigmoid_()
        opened[:, 2 * size : 3 * size].tanh_()
        opened[:, 3 * size :].sigmoid_()
        enter, forget, candidate, leave = opened.chunk(4, dim=-1)
        cell = (forget * before).addcmul_(enter, candidate)
        squashed = cell.tanh()
        ctx.save_for_backward(opened, before, squashed)
        ctx.dtype = gates.dtype
        return (leave * squashed).to(gates.dtype), cell

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        opened, before, squashed = ctx.saved_tensors
        hidden = hidden.to(opened.dtype)
        sigmoid_backward, tanh_backward = torch.ops.aten.sigmoid_backward, torch.ops.aten.tanh_backward
        enter, forget, candidate, leave = opened.chunk(4, dim=-1)
        gates = torch.empty_like(opened)
        of_enter, of_forget, of_candidate, of_leave = gates.chunk(4, dim=-1)
        sigmoid_backward(hidden * squashed, leave, grad_input=of_leave)
        cell = cell + tanh_backward(hidden * leave, squashed)
        sigmoid_backward(cell * candidate, enter, grad_input=of_enter)
        sigmoid_backward(cell * before, forget, grad_input=of_forget)
        tanh_backward(cell * enter, candidate, grad_input=of_candidate)
        return gates.to(ctx.dtype), cell * forget


@cache
def runs_unpacked(dtype: torch.dtype) -> bool:
    """Whether this CPU runs an LSTM of this type on sentences that are not packed: bfloat16 needs AVX-512."""
    if dtype in (torch.float32, torch.float64):
        return True
    one, gates = torch.zeros(1, 1, 1), torch.zeros(4)
    try:
        with torch.autocast("cpu", dtype=dtype), torch.no_grad():
            torch.lstm(one, (one, one), [gates.unsqueeze(1)] * 2 + [gates] * 2, True, 1, 0.0, False, False, True)
    except RuntimeError:
        return False
    return True


def run_padded(
    layers: nn.LSTM, inputs: Float[Tensor, "batch time input"], lengths: Int[Tensor, " batch"]
) -> tuple[Float[Tensor, "batch time hidden"], tuple[Tensor, Tensor]]:
    """What torch's layers return for packed inputs; outputs are 0 past the end.

    oneDNN runs a layer several times as fast as torch runs a packed one, but knows no lengths. One more input, which
    is 1 past the end of a sentence, shuts its enter gate and opens its forget gate: going forward the cell state stays
    as it was at the last word, and going backward, which begins there, it is zero until the last word.
    """
    batch, size, ways = len(inputs), layers.hidden_size, 2 if layers.bidirectional else 1
    real = length_mask(lengths, inputs.shape[1]).unsqueeze(2)
    # As many inputs as fill a cache line, all zero but the first: oneDNN takes twice as long for one alone.
    ended = pad((~real).to(inputs.dtype), (0, ALIGNED - 1))
    shut = inputs.new_zeros(4 * size, ALIGNED)
    shut[:size, 0], shut[size : 2 * size, 0] = -SHUT, SHUT
    zeros = inputs.new_zeros(ways, batch, size)
    outputs, hiddens, cells = inputs, [], []
    for layer in range(layers.num_layers):
        below = outputs if layer == 0 else drop(outputs, layers.dropout, layers.training)
        parameters: list[Tensor] = []
        for weight, *others in layers.all_weights[layer * ways : (layer + 1) * ways]:
            parameters += [torch.cat([weight, shut], dim=1), *others]
        outputs, last, cell = torch.lstm(
            torch.cat([below * real, ended], dim=2),
            (zeros, zeros),
            parameters,
            has_biases=True,
            num_layers=1,
            dropout=0.0,
            train=layers.training,
            bidirectional=layers.bidirectional,
            batch_first=True,
        )
        hiddens += [outputs[range(batch), lengths - 1, :size], *last[1:]]
        cells += [*cell]
        outputs = outputs * real
    return outputs, (torch.stack(hiddens), torch.stack(cells))
