"""How a figure is written: with how many digits, in per cent, or as a whole number."""

from collections.abc import Mapping
from typing import Final

_FORMATS: Final[Mapping[str, str]] = {
    "sentences": "{:,.0f}",
    "exact_match": "{:.1%}",
    "token_accuracy": "{:.1%}",
    "aer": "{:.3f}",
    "alignment_precision": "{:.3f}",
    "alignment_recall": "{:.3f}",
    "attention_coverage_deviation": "{:.3f}",
    "attention_diagonal_distance": "{:.3f}",
    "attention_non_monotonic": "{:.1%}",
    "tokens": "{:,.0f}",
    "tokens_per_second": "{:,.0f}",
    "parameters": "{:,.0f}",
    "loss": "{:.3f}",
    "nll": "{:.3f}",
}
_USUAL: Final = "{:,.2f}"


def figure_text(metric: str, value: float) -> str:
    """The value of a metric, named without stage and bucket, or half the width of its interval."""
    return _FORMATS.get(metric, _USUAL).format(value)
