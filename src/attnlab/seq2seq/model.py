"""The whole model: embeddings, encoder, bridge and decoder, for teacher forcing and for search."""

from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from attnlab.decoding.protocol import StepOutput
from attnlab.masking import length_mask, widened
from attnlab.seq2seq.bridge import Bridge
from attnlab.seq2seq.decoder import Decoder, Step
from attnlab.seq2seq.embeddings import Embeddings
from attnlab.seq2seq.encoder import Encoder
from attnlab.seq2seq.state import DecoderState
from attnlab.text.special import BOS, EOS, PAD


@dataclass(frozen=True)
class Prediction:
    """What is known of the next word at every position of a known target.

    Attributes:
        outputs: what the output layer reads.
        vocabulary: the output layer.
        weights: attention weights, None without attention.
    """

    outputs: Float[Tensor, "batch target output"]
    vocabulary: nn.Linear
    weights: Float[Tensor, "batch target source"] | None

    @property
    def logits(self) -> Float[Tensor, "batch target vocab"]:
        """Scores of all words before the softmax: by far the largest tensor here, which training does without."""
        scores: Tensor = self.vocabulary(self.outputs)
        return scores


class Seq2Seq(nn.Module):
    """p(target | source), one word at a time; satisfies `attnlab.decoding.protocol.StepModel`."""

    bos: Final[int] = BOS
    eos: Final[int] = EOS
    banned: Final[tuple[int, ...]] = (PAD, BOS)

    def __init__(self, *, embeddings: Embeddings, encoder: Encoder, bridge: Bridge, decoder: Decoder) -> None:
        super().__init__()
        self.embeddings = embeddings
        self.encoder = encoder
        self.bridge = bridge
        self.decoder = decoder

    def start(self, source: Int[Tensor, "batch source"], source_lengths: Int[Tensor, " batch"]) -> DecoderState:
        """Reads the source; the state before the first target token, one hypothesis a sentence."""
        memory, final = self.encoder(self.embeddings.embed_source(source), source_lengths)
        return self.decoder.start(memory, length_mask(source_lengths, source.shape[1]), self.bridge(final))

    def forward(
        self,
        source: Int[Tensor, "batch source"],
        source_lengths: Int[Tensor, " batch"],
        target: Int[Tensor, "batch target"],
        step: Step | None = None,
    ) -> Prediction:
        """Teacher forcing: position t reads target[:, t] and predicts the word after it.

        A decoder that loops takes its steps by `step`, if there is one.
        """
        state, embedded = self.start(source, source_lengths), self.embeddings.embed_target(target)
        if step is None or not self.decoder.loops:
            outputs, weights, _ = self.decoder(embedded, state)
        else:
            outputs, weights, _ = self.decoder.stepwise(embedded, state, step)
        return self._predict(outputs, weights)

    def sampled(
        self,
        source: Int[Tensor, "batch source"],
        source_lengths: Int[Tensor, " batch"],
        target: Int[Tensor, "batch target"],
        rate: float,
        step: Step | None = None,
    ) -> Prediction:
        """Scheduled sampling: after the first, each token is with probability `rate` one drawn from the model itself.

        Bengio et al. (2015); the draw is per token and carries no gradient. It reads the output layer at every step.
        """
        state, take = self.start(source, source_lengths), self.decoder.step if step is None else step
        tokens, outputs, weights = target[:, :1], [], []
        for position in range(target.shape[1]):
            decoded = take(self.embeddings.embed_target(tokens), state)
            state = decoded.state
            outputs.append(decoded.outputs)
            weights.append(decoded.weights)
            if position + 1 < target.shape[1]:
                with torch.no_grad():
                    logits = self.embeddings.logits(decoded.outputs).squeeze(1)
                drawn = torch.multinomial(widened(logits).softmax(dim=-1), 1)
                gold = target[:, position + 1 : position + 2]
                tokens = torch.where(torch.rand(gold.shape, device=gold.device) < rate, drawn, gold)
        known = [weight for weight in weights if weight is not None]
        return self._predict(torch.cat(outputs, dim=1), torch.cat(known, dim=1) if known else None)

    def step(self, tokens: Int[Tensor, "batch beam"], state: DecoderState) -> StepOutput[DecoderState]:
        """Reads one token of every hypothesis; log-probabilities are float32 at least."""
        outputs, weights, new = self.decoder.step(self.embeddings.embed_target(tokens), state)
        return StepOutput(self.embeddings.log_probs(outputs), weights, new)

    def _predict(self, outputs: Tensor, weights: Tensor | None) -> Prediction:
        return Prediction(self.embeddings.narrow(outputs), self.embeddings.vocabulary, weights)
