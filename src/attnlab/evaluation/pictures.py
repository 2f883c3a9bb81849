"""How any figure becomes a file, and any word a label in it."""

import functools
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import matplotlib
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from attnlab.errors import ConfigError, RunError

_NO_DATE: Final[dict[str, dict[str, None]]] = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""The formats, and how each is kept from holding the time of drawing."""

_FALLBACK_FONTS: Final = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "WenQuanYi Zen Hei",
    "Hiragino Sans",
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans Arabic",
    "Noto Sans Devanagari",
    "Noto Emoji",
)
"""Tried in this order for letters that Matplotlib's own DejaVu Sans lacks, where the machine has them."""


def picture(figure: Figure, form: str) -> bytes:
    """A figure as the bytes of a file: "png", "svg" or "pdf". The same figure gives the same bytes."""
    drawn = io.BytesIO()
    with warnings.catch_warnings(), matplotlib.rc_context({"svg.hashsalt": "attnlab"}):
        # A letter that no font on this machine has is drawn as a box, which says it all.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        figure.savefig(drawn, format=form, metadata=_NO_DATE[form])
    return drawn.getvalue()


def save_figure(figure: Figure, path: Path) -> Path:
    """Writes a figure in the format its suffix names.

    Raises:
        ConfigError: a suffix other than .png, .svg or .pdf.
        RunError: the file cannot be written.
    """
    form = path.suffix.lower().removeprefix(".")
    if form not in _NO_DATE:
        raise ConfigError(
            f"A picture is written as one of .{', .'.join(_NO_DATE)}, but {path} ends in {path.suffix or 'no suffix'}: "
            "rename it."
        )
    drawn = picture(figure, form)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drawn)
    except OSError as error:
        raise RunError(
            f"A picture must be written to {path}, but that failed ({error.strerror}): choose another place."
        ) from error
    return path


@functools.cache
def font_families() -> list[str]:
    """DejaVu Sans, and after it what this machine has for other scripts."""
    present = set(fontManager.get_font_names())
    return ["DejaVu Sans", *(family for family in _FALLBACK_FONTS if family in present)]


def label_words(axis: Axis, words: Sequence[str], *, fontsize: int) -> None:
    """A tick for each word, in letters of any script, and none of them read as a formula."""
    axis.set_ticks(range(len(words)), [printable(word) for word in words], fontsize=fontsize, family=font_families())
    for label in axis.get_ticklabels():
        label.set_parse_math(False)


def printable(word: str) -> str:
    """A word in which everything that would move the cursor is a box; an empty one is a visible sign."""
    return "".join(letter if letter.isprintable() else "□" for letter in word) or "∅"
