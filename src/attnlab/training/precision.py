"""Which number format trains fastest here, by measurement."""

import statistics
import time
from dataclasses import dataclass

import torch
from torch import nn

SIZE = 512
"""Edge of the square matrices that are multiplied: as large as a training step's, small enough to take milliseconds."""


@dataclass(frozen=True)
class Precision:
    """A Lightning precision and why it was taken."""

    name: str
    reason: str


def choose_precision(wanted: str, device_type: str) -> Precision:
    """`wanted`, or for "auto" bf16-mixed where a bfloat16 matrix product beats float32; else 32-true.

    Many CPUs multiply bfloat16 in software, a hundred times slower than float32; those with AVX512-BF16 or AMX are
    about four times faster. A margin of 1.2 covers the casts that mixed precision adds. Where torch has no recurrent
    layers in bfloat16, it is not taken even if it is wanted.
    """
    if wanted != "auto":
        if wanted.startswith("bf16") and not knows_bfloat16(device_type):
            return Precision(
                "32-true", f"{wanted} is configured, but LSTM layers know no bfloat16 on this {device_type}"
            )
        return Precision(wanted, "as configured")
    if device_type not in {"cpu", "cuda"}:
        return Precision("32-true", f"bfloat16 is not tried on {device_type}")
    if not knows_bfloat16(device_type):
        return Precision("32-true", f"LSTM layers know no bfloat16 on this {device_type}")
    speedup = _seconds(torch.float32, device_type) / _seconds(torch.bfloat16, device_type)
    measured = f"a bfloat16 matrix product is {speedup:.2f} times as fast as float32 here"
    return Precision("bf16-mixed" if speedup > 1.2 else "32-true", measured)


def knows_bfloat16(device_type: str) -> bool:
    """Whether torch's LSTM runs in bfloat16 here: on CPUs without AVX-512 it raises instead."""
    with torch.random.fork_rng(devices=[]):  # the seed's random numbers are for the experiment
        layer = nn.LSTM(8, 8, batch_first=True).to(device_type)
    try:
        with torch.autocast(device_type, dtype=torch.bfloat16), torch.no_grad():
            layer(torch.zeros(1, 2, 8, device=device_type))
    except RuntimeError:
        return False
    return True


def _seconds(dtype: torch.dtype, device_type: str) -> float:
    """Median time of one product after a first that does not count; a single one where it takes longer than 50 ms."""
    matrix = torch.ones(SIZE, SIZE, dtype=dtype, device=device_type)
    float((matrix @ matrix)[0, 0])  # starts threads or loads kernels, which can take longer than any product
    times: list[float] = []
    while len(times) < 7 and sum(times) < 0.05:
        start = time.perf_counter()
        float((matrix @ matrix)[0, 0])  # reading a value waits for the device
        times.append(time.perf_counter() - start)
    return statistics.median(times)
