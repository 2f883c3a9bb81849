"""What the fixtures of the contract tests give."""

from collections.abc import Callable

from attnlab.attention.scoring import ScoringFunction
from attnlab.seq2seq.model import Seq2Seq

BuildScoring = Callable[..., ScoringFunction]
"""Builds a scoring function by its name and options."""

BuildModel = Callable[..., Seq2Seq]
"""Builds a model by its name and overrides."""
