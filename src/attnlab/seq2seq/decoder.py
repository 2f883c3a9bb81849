"""The interface of every decoder, with the step-by-step loop that any faster way must equal."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from attnlab.seq2seq.recurrent import RecurrentLayers
from attnlab.seq2seq.state import DecoderState, RecurrentState


class Decoded(NamedTuple):
    """One step for every hypothesis, or all steps of a known target (then `beam` is the target axis)."""

    outputs: Float[Tensor, "batch beam output"]
    """What the output layer reads."""
    weights: Float[Tensor, "batch beam source"] | None
    state: DecoderState


Step = Callable[[Tensor, DecoderState], Decoded]
"""`Decoder.step`, or what does the same."""


class Decoder(nn.Module, ABC):
    """Turns embedded target tokens and a memory into one output vector for each next word.

    Attributes:
        recurrent: the recurrent layers.
        output_size: size of an output vector.
        loops: whether `forward` takes one step after the other, since each needs what the one before gave.
    """

    recurrent: RecurrentLayers
    output_size: int
    loops: bool

    @abstractmethod
    def start(
        self,
        memory: Float[Tensor, "batch source memory"],
        source_mask: Bool[Tensor, "batch source"],
        first: RecurrentState,
    ) -> DecoderState:
        """The state before the first token, one hypothesis a sentence. `first` has axes layers, batch, hidden."""

    @abstractmethod
    def step(self, embedded: Float[Tensor, "batch beam embedding"], state: DecoderState) -> Decoded:
        """Reads one token of every hypothesis."""

    def forward(self, embedded: Float[Tensor, "batch target embedding"], state: DecoderState) -> Decoded:
        """Reads a whole known target (teacher forcing) and returns the outputs and weights of all its steps.

        Decoders override this with something faster; the numbers are those of the steps.
        """
        return self.stepwise(embedded, state)

    def stepwise(
        self, embedded: Float[Tensor, "batch target embedding"], state: DecoderState, step: Step | None = None
    ) -> Decoded:
        """The reference for `forward`: one step after the other, each as search takes it, or by `step`."""
        take = self.step if step is None else step
        outputs, weights = [], []
        for position in range(embedded.shape[1]):
            decoded = take(embedded[:, position : position + 1], state)
            outputs.append(decoded.outputs)
            weights.append(decoded.weights)
            state = decoded.state
        known = [weight for weight in weights if weight is not None]
        return Decoded(torch.cat(outputs, dim=1), torch.cat(known, dim=1) if known else None, state)

    def _step_recurrent(
        self, inputs: Float[Tensor, "batch beam input"], state: RecurrentState
    ) -> tuple[Float[Tensor, "batch beam hidden"], RecurrentState]:
        """One step of the recurrent layers, with hypotheses laid out as rows."""
        batch, beam = inputs.shape[:2]
        output, new = self.recurrent.step(inputs.flatten(0, 1), flatten_hypotheses(state))
        return output.unflatten(0, (batch, beam)), unflatten_hypotheses(new, batch, beam)


def one_hypothesis(state: RecurrentState) -> RecurrentState:
    """Axes layers, batch, hidden -> layers, batch, 1, hidden."""
    return state.map(lambda part: part.unsqueeze(2))


def flatten_hypotheses(state: RecurrentState) -> RecurrentState:
    """Axes layers, batch, beam, hidden -> layers, batch x beam, hidden."""
    return state.map(lambda part: part.flatten(1, 2))


def unflatten_hypotheses(state: RecurrentState, batch: int, beam: int) -> RecurrentState:
    """Axes layers, batch x beam, hidden -> layers, batch, beam, hidden."""
    return state.map(lambda part: part.unflatten(1, (batch, beam)))
