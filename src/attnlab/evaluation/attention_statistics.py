"""What the weights of attention say without a gold alignment: how sharp, fair, diagonal and monotonic they are."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from attnlab.evaluation.alignment import WordWeights, best_links


@dataclass(frozen=True)
class AttentionTotals:
    """Sums over sentences; ratios are only taken of whole corpora (sum / sum).

    Target words are those of the text: the step that predicts EOS is left out.

    Attributes:
        entropy: in nats, of the weights of all target words that weigh anything.
        attending: target words that weigh anything.
        deviation: |1 - summed weight| of all source words.
        source_words: source words.
        distance: weight times distance from the diagonal, over all pairs of words.
        weight: of all target words on all source words.
        backward: steps from one linked target word to the next that go to the left in the source.
        steps: steps from one linked target word to the next.
    """

    entropy: float
    attending: int
    deviation: float
    source_words: int
    distance: float
    weight: float
    backward: int
    steps: int

    @classmethod
    def of(cls, weights: WordWeights) -> "AttentionTotals":
        """The sums of one sentence."""
        weights = weights.double()
        on_words = weights[:, :-1]
        attending = weights[weights.sum(dim=1) > 0]
        shares = attending / attending.sum(dim=1, keepdim=True)
        moves = list(pairwise(source for source, _ in sorted(best_links(weights), key=lambda link: link[1])))
        return cls(
            entropy=float(torch.special.entr(shares).sum()),
            attending=len(attending),
            deviation=float((1 - on_words.sum(dim=0)).abs().sum()),
            source_words=on_words.shape[1],
            distance=float((on_words * _distances(*on_words.shape)).sum()),
            weight=float(on_words.sum()),
            backward=sum(after < before for before, after in moves),
            steps=len(moves),
        )

    @classmethod
    def total(cls, parts: Iterable["AttentionTotals"]) -> "AttentionTotals":
        """The sums over all parts, at least one."""
        return cls(*(sum(column) for column in zip(*map(astuple, parts), strict=True)))

    def figures(self) -> dict[str, float]:
        """The four figures by name; one that rests on nothing, such as steps in one-word sentences, is absent.

        attention_entropy: mean over target words of -sum_j p_j ln p_j in nats, where p are the word's weights, that of
            EOS among them, scaled to sum to 1. 0 is one place only, ln(places) is all alike.
        attention_coverage_deviation: mean over source words of |1 - c_j|, where c_j is the weight that all target words
            together give to source word j: the coverage of Tu et al. (2016), and its distance from the 1
            that Xu et al. (2015), section 4.2.1, push it to. A word that is skipped, or read twice, counts 1; with
            other numbers of target than of source words it cannot be 0.
        attention_diagonal_distance: mean over all weight of |(j + 1/2)/J - (i + 1/2)/I| for target word i of I and
            source word j of J, from 0 on the diagonal to less than 1. Positions are the middles of words, so that
            sentences read backwards give the same; weight on EOS is left out. Dyer et al. (2013) prefer links by it.
        attention_non_monotonic: share of steps from a linked target word to the next that move to the left in the
            source, by `best_links`. Words without a link are stepped over; staying is no move.
        """
        ratios = {
            "attention_entropy": (self.entropy, self.attending),
            "attention_coverage_deviation": (self.deviation, self.source_words),
            "attention_diagonal_distance": (self.distance, self.weight),
            "attention_non_monotonic": (self.backward, self.steps),
        }
        return {name: above / below for name, (above, below) in ratios.items() if below}


def _distances(target_words: int, source_words: int) -> Float[Tensor, "target_words source_words"]:
    rows, columns = (
        (torch.arange(size, dtype=torch.float64) + 0.5) / max(size, 1) for size in (target_words, source_words)
    )
    return (columns.unsqueeze(0) - rows.unsqueeze(1)).abs()
