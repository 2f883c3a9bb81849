"""Which number format trains fastest here, by measurement."""

import statistics
import time
from dataclasses import dataclass

import torch

from attnlab.seq2seq.lstm import runs_unpacked

SIZE = 512
"""Edge of the square matrices that are multiplied: as large as a training step's, small enough to take milliseconds."""


@dataclass(frozen=True)
class Precision:
    """A Lightning precision and why it was taken."""

    name: str
    reason: str


def choose_precision(wanted: str, device_type: str) -> Precision:
    """`wanted`, or for "auto" bf16-mixed where bfloat16 is faster than float32; else 32-true.

    A GPU has bfloat16 in hardware or not. Many CPUs multiply it in software, a hundred times slower than float32; those
    with AVX512-BF16 or AMX are about four times faster, so a product is timed. A margin of 1.2 covers the casts that
    mixed precision adds. Where bfloat16 is not known, it is not taken even if it is wanted.
    """
    if wanted != "auto":
        if wanted.startswith("bf16") and not knows_bfloat16(device_type):
            return Precision("32-true", f"{wanted} is configured, but this {device_type} knows no bfloat16")
        return Precision(wanted, "as configured")
    if device_type not in {"cpu", "cuda"}:
        return Precision("32-true", f"bfloat16 is not tried on {device_type}")
    if not knows_bfloat16(device_type):
        return Precision("32-true", f"this {device_type} knows no bfloat16")
    if device_type == "cuda":
        return Precision("bf16-mixed", "this GPU has bfloat16 in hardware")
    speedup = _seconds(torch.float32) / _seconds(torch.bfloat16)
    measured = f"a bfloat16 matrix product is {speedup:.2f} times as fast as float32 here"
    return Precision("bf16-mixed" if speedup > 1.2 else "32-true", measured)


def knows_bfloat16(device_type: str) -> bool:
    """Whether torch's LSTM runs in bfloat16 on this CPU, or the GPU has it in hardware; other devices are not asked."""
    if device_type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device_type != "cpu" or runs_unpacked(torch.bfloat16)


def _seconds(dtype: torch.dtype) -> float:
    """Median time of one product after a first that does not count; a single one where it takes longer than 50 ms."""
    matrix = torch.ones(SIZE, SIZE, dtype=dtype)
    _ = matrix @ matrix  # starts threads, which can take longer than any product
    times: list[float] = []
    while len(times) < 7 and sum(times) < 0.05:
        start = time.perf_counter()
        _ = matrix @ matrix
        times.append(time.perf_counter() - start)
    return statistics.median(times)
