"""What a machine could reach at most: the rate of a large product, operations of a step or a search, torch's LSTM."""

import copy
import time
import warnings
from collections.abc import Callable, Sequence
from unittest.mock import patch

import torch
from torch.utils.flop_counter import FlopCounterMode

from attnlab.attention.general import General
from attnlab.data.batch import Batch
from attnlab.decoding.protocol import Search
from attnlab.seq2seq import encoder
from attnlab.seq2seq.luong import LuongDecoder
from attnlab.seq2seq.model import Seq2Seq

EDGE = {"cpu": 2048, "cuda": 8192}


def product_rate(dtype: torch.dtype, device: torch.device) -> float:
    """Floating-point operations a second in a product of square matrices: the median of 5, after one to warm up."""
    edge = EDGE[device.type]
    left, right = (torch.randn(edge, edge, device=device).to(dtype) for _ in range(2))
    seconds = []
    for _ in range(6):
        synchronize(device)
        started = time.perf_counter()
        torch.mm(left, right)
        synchronize(device)
        seconds.append(time.perf_counter() - started)
    return 2 * edge**3 / sorted(seconds[1:])[2]


def recurrent_seconds(model: Seq2Seq, batches: Sequence[Batch], dtype: torch.dtype, device: torch.device) -> float:
    """Seconds that torch's recurrent layers need, forward and backward, with nothing else around them.

    The layers of encoder and decoder read random inputs of the batches' sizes, padding included, all steps at once:
    what a decoder that attends between the steps could reach if all the rest were free.
    """
    layers = [copy.deepcopy(each).to(device).train() for each in (model.encoder.layers, model.decoder.recurrent.layers)]
    for each in layers:
        each.flatten_parameters()
    for _ in range(2):  # the first pass loads what is loaded at first use
        synchronize(device)
        started = time.perf_counter()
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
            for batch in batches:
                for each, tokens in zip(layers, (batch.source, batch.target[:, :-1]), strict=True):
                    inputs = torch.randn(*tokens.shape, each.input_size, device=device, requires_grad=True)
                    each(inputs)[0].sum().backward()
        synchronize(device)
    return time.perf_counter() - started


def synchronize(device: torch.device) -> None:
    """Waits for the device; a CPU does not run ahead."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def step_operations(model: Seq2Seq, batch: Batch) -> int:
    """Floating-point operations of the matrix products in one training step, padding included.

    Counted by torch while the naive, stepwise decoder runs forward and backward: a multiplication and an addition are
    two. What is no matrix product (gates, softmax, loss, optimizer) is left out, so the limit is one from above. The
    LSTM of oneDNN, which torch takes where all sources of a batch are equally long, would count for nothing: it is off.
    """
    model = copy.deepcopy(model).to("cpu", torch.float32).train()
    batch = batch.to("cpu")

    def step() -> None:
        state = model.start(batch.source, batch.source_lengths)
        decoded = model.decoder.stepwise(model.embeddings.embed_target(batch.target[:, :-1]), state)
        model.embeddings.logits(decoded.outputs).sum().backward()

    return _counted(step)


def search_operations(model: Seq2Seq, search: Search, batches: Sequence[Batch]) -> int:
    """The same in the search for the translations of some batches; sentences that have ended cost no more."""
    model = copy.deepcopy(model).to("cpu", torch.float32).eval()

    def translate() -> None:
        for batch in batches:
            here = batch.to("cpu")
            search(model, model.start(here.source, here.source_lengths), here.source_lengths)

    return _counted(translate)


def _counted(run: Callable[[], None]) -> int:
    quiet = warnings.catch_warnings(action="ignore")
    # Inputs that shut gates past the ends of sentences are no work.
    packing = patch.object(encoder, "runs_unpacked", lambda _: False)
    with packing, quiet, torch.backends.mkldnn.flags(enabled=False), FlopCounterMode(display=False) as counter:
        run()
    return int(counter.get_total_flops())


def step_operations_by_hand(model: Seq2Seq, batch: Batch) -> int | None:
    """The same from the sizes, for Luong's decoder with the general score and LSTM layers; None for other models.

    Every weight is multiplied once forward and twice backward for each token that it meets, and so are query and keys,
    and weights and memory, for each pair of positions.
    """
    decoder = model.decoder
    if not isinstance(decoder, LuongDecoder) or not isinstance(decoder.attention.scoring, General):
        return None
    (rows, source), target = batch.source.shape, batch.target.shape[1] - 1
    recurrent = [weight.numel() for weight in decoder.recurrent.parameters() if weight.dim() == 2]
    output = [weight.numel() for weight in model.embeddings.output.parameters() if weight.dim() == 2]
    merge = [weight.numel() for weight in decoder.merge.parameters() if weight.dim() == 2]
    encoder = [weight.numel() for weight in model.encoder.parameters() if weight.dim() == 2]
    keys = [weight.numel() for weight in decoder.attention.scoring.parameters()]
    memory = model.encoder.layers.hidden_size * (2 if model.encoder.layers.bidirectional else 1)
    products = rows * target * sum(recurrent + output + merge) + int(batch.source_lengths.sum()) * sum(encoder)
    products += rows * source * sum(keys) + 2 * rows * target * source * memory
    return 3 * 2 * products
