"""The additive score that also sees where the step before looked."""

from typing import ClassVar, final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv1d, linear

from attnlab.attention.past import Past
from attnlab.attention.perceptron import direct_scores
from attnlab.attention.scoring import RememberingScore
from attnlab.errors import ConfigError


@final
class LocationAware(RememberingScore):
    """v^T tanh(W q + V m_s + U f_s + b) with f = F * the weights of the step before.

    The hybrid attention of Chorowski et al. (2015): F holds `num_filters` filters of `width` positions
    without bias, centred on s; there are zeros beyond both ends of the source. Gradients flow through the weights into
    the steps before.

    Before the first step the paper says nothing; its code has all weight on the first position (`initial_glimpses` of
    rizar/attention-lvcsr), and so has `Past.weights`. The paper's k = 10 and r = 201 are for frames of speech, where a
    phoneme lasts many positions: a narrow filter suits words.

    Raises:
        ConfigError: if there is no filter, or its width is even and has no centre.
    """

    formula: ClassVar[str] = "vᵀ tanh(W q + V m + U (F * w)ₛ + b), w the weights of the step before"
    source: ClassVar[str] = "Chorowski et al. 2015"
    cost: ClassVar[str] = "h·k + S·f·w + S·f·k + S·k"
    content_based: ClassVar[bool] = False
    pairwise: ClassVar[bool] = True

    def __init__(self, query_size: int, memory_size: int, key_size: int, num_filters: int, width: int) -> None:
        super().__init__()
        if num_filters < 1:
            raise ConfigError(
                f"location_aware sees the weights of the step before through filters, at least 1, not {num_filters}: "
                "set model.attention.num_filters, or use additive, which does not look back."
            )
        if width < 1 or width % 2 == 0:
            raise ConfigError(
                f"A filter of location_aware has a position in its middle, so its width is odd, not {width}: "
                f"set model.attention.width={max(1, width + 1)}."
            )
        self.reach = width // 2
        self.query_projection = nn.Linear(query_size, key_size, bias=False)
        self.memory_projection = nn.Linear(memory_size, key_size)
        self.filters = nn.Conv1d(1, num_filters, width, bias=False)
        self.filter_projection = nn.Linear(num_filters, key_size, bias=False)
        self.vector = nn.Linear(key_size, 1, bias=False)

    def keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """V m + b."""
        return linear(memory, self.memory_projection.weight, self.memory_projection.bias)

    def recall(self, keys: Float[Tensor, "batch source key"], past: Past) -> Float[Tensor, "batch target source key"]:
        """V m_s + b + U f_s."""
        assert past.weights is not None
        rows = past.weights.flatten(0, 1).unsqueeze(1).to(self.filters.weight.dtype)
        features = conv1d(rows, self.filters.weight, padding=self.reach)
        seen = linear(features.transpose(1, 2), self.filter_projection.weight)
        return keys.unsqueeze(1) + seen.view(*past.weights.shape, -1)

    def forward(
        self, query: Float[Tensor, "batch target hidden"], keys: Float[Tensor, "batch source key"]
    ) -> Float[Tensor, "batch target source"]:
        """Scores before the softmax."""
        return direct_scores(linear(query, self.query_projection.weight), keys, self.vector.weight.squeeze(0))
