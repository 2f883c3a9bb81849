"""A decoder's step as one compiled program, for devices on which a loop of small kernels waits for their launches."""

from typing import Any, final

import torch
from jaxtyping import Float
from torch import Tensor

from attnlab.errors import ConfigError
from attnlab.seq2seq.decoder import Decoded, Decoder
from attnlab.seq2seq.state import DecoderState


@final
class CompiledStep:
    """`decoder.step`, compiled by torch once for all batches: sizes of a batch stay variable.

    A step is some thirty kernels forward and twice as many backward; compiled, those between two matrix products are
    one. Gradients of weights are added up step by step, which `Decoder.forward` avoids: on a CPU, where launches cost
    little, that one is faster. `decoder.step` itself is the reference.

    Args:
        decoder: whose step it is; its parameters are read at each call, as they are then.
        backend: torch's name of a compiler.
    """

    def __init__(self, decoder: Decoder, *, backend: str = "inductor") -> None:
        self._step: Any = torch.compile(decoder.step, dynamic=True, backend=backend)

    def __call__(self, embedded: Float[Tensor, "batch beam embedding"], state: DecoderState) -> Decoded:
        """Reads one token of every hypothesis.

        Raises:
            ConfigError: torch finds no compiler that works.
        """
        if state.memory is not None:
            # Computed once, and here: Python 3.11 does so under a lock, which cannot be traced.
            _ = state.memory.source_lengths
        # Of torch's recurrent modules only the parameters are read, which dynamo allows on demand.
        with torch._dynamo.config.patch(allow_rnn=True):
            try:
                return self._step(embedded, state)  # type: ignore[no-any-return]
            except torch._dynamo.exc.BackendCompilerFailed as error:
                raise ConfigError(
                    "compile=true needs a compiler that torch can use, a C++ compiler on a CPU or Triton on a GPU, but "
                    f"here none works ({str(error).splitlines()[0]}): install one, or set compile=false."
                ) from error
