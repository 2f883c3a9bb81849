from pathlib import Path

import pytest
from matplotlib.figure import Figure

from attnlab.errors import ConfigError, RunError
from attnlab.evaluation.pictures import picture, printable, save_figure


def line() -> Figure:
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([0, 1])
    return figure


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("b/a.SVG", b"<?xml"), ("a.pdf", b"%PDF")])
def test_the_suffix_names_the_format(tmp_path: Path, name: str, start: bytes) -> None:
    assert save_figure(line(), tmp_path / name).read_bytes().startswith(start)


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_the_same_figure_gives_the_same_bytes(form: str) -> None:
    assert picture(line(), form) == picture(line(), form)


@pytest.mark.parametrize("name", ["a.bmp", "a"])
def test_other_formats_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"one of .png, .svg, .pdf, but .*: rename it"):
        save_figure(line(), tmp_path / name)


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"file/a.png, but that failed .*choose another place"):
        save_figure(line(), tmp_path / "file" / "a.png")


def test_printable_words_are_left_alone() -> None:
    assert printable("größer狗") == "größer狗"
    assert printable("a\r\nb\x00") == "a□□b□"
    assert printable("") == "∅"
