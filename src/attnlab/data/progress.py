"""What `datasets` says while it works: progress where somebody watches, and nothing that is said elsewhere."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import datasets


def hide_progress_in_logs() -> None:
    """Turns the bars off for the rest of the process unless standard error is a terminal."""
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps `datasets` from logging, such as an error that is raised as well."""
    before = datasets.logging.get_verbosity()
    datasets.logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        datasets.logging.set_verbosity(before)
