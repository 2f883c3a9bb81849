"""Whether `datasets` draws progress bars: only where somebody watches."""

import sys

import datasets


def hide_progress_in_logs() -> None:
    """Turns the bars off for the rest of the process unless standard error is a terminal."""
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
