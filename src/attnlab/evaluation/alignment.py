"""Which words attention links, and how far these links are from the gold alignment."""

from collections.abc import Collection, Iterable
from dataclasses import astuple, dataclass
from typing import Final

from jaxtyping import Float
from torch import Tensor

from attnlab.data.pharaoh import GoldAlignment, Link

THRESHOLD: Final = 0.25
"""Least weight of a link where a target word may have several: what four words that share all weight have each."""

WordWeights = Float[Tensor, "target_words places"]
"""Weights of each target word over the source words and, in the last column, EOS: see `words.word_weights`."""


def best_links(weights: WordWeights) -> frozenset[Link]:
    """Each target word with the place it weighs most: the first of equals, and no link if that is EOS or of weight 0.

    A target word has one link at most, so gold links of one target word to several source words are never all found.
    """
    if not weights.numel():
        return frozenset()
    largest = weights.max(dim=1)
    eos = weights.shape[1] - 1
    return frozenset(
        (source, target)
        for target, (source, weight) in enumerate(zip(largest.indices.tolist(), largest.values.tolist(), strict=True))
        if source != eos and weight > 0
    )


def links_above(weights: WordWeights, threshold: float = THRESHOLD) -> frozenset[Link]:
    """Each target word with every source word whose weight is at least `threshold`; weight on EOS links nothing."""
    return frozenset((source, target) for target, source in (weights[:, :-1] >= threshold).nonzero().tolist())


def diagonal_links(weights: WordWeights) -> frozenset[Link]:
    """Each target word with the source word at the same share of the way, whatever the weights: left to right."""
    targets, sources = weights.shape[0], weights.shape[1] - 1
    return frozenset(((2 * target + 1) * sources // (2 * targets), target) for target in range(targets) if sources)


@dataclass(frozen=True)
class LinkCounts:
    """Sums over sentences; ratios are only taken of whole corpora. Och & Ney (2003).

    Attributes:
        found: |A|, links that were found.
        sure: |S|, sure links.
        found_sure: |A and S|.
        found_possible: |A and P|, where P holds S.
    """

    found: int
    sure: int
    found_sure: int
    found_possible: int

    @classmethod
    def of(cls, links: Collection[Link], gold: GoldAlignment) -> "LinkCounts":
        """The counts of one sentence."""
        found = frozenset(links)
        return cls(len(found), len(gold.sure), len(found & gold.sure), len(found & gold.possible))

    @classmethod
    def total(cls, parts: Iterable["LinkCounts"]) -> "LinkCounts":
        """The sums over all parts, at least one."""
        return cls(*(sum(column) for column in zip(*map(astuple, parts), strict=True)))

    @property
    def precision(self) -> float:
        """|A and P| / |A|: the share of found links that are right; 1 if nothing was found, as nothing is wrong."""
        return self.found_possible / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """|A and S| / |S|: the share of sure links that were found; 1 if there are none, as nothing is missing."""
        return self.found_sure / self.sure if self.sure else 1.0

    @property
    def error_rate(self) -> float:
        """1 - (|A and S| + |A and P|) / (|A| + |S|), the alignment error rate; 0 where both sets are empty."""
        both = self.found + self.sure
        return 1 - (self.found_sure + self.found_possible) / both if both else 0.0
