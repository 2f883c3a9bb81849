"""The report as one HTML page that needs nothing from anywhere: readings, tables, figures, and links to the runs."""

import os
import re
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import quote

from attnlab.experiment.layout import CONFIG_FILE, LOG_FILE, METRICS_FILE, TRANSLATIONS_FILE
from attnlab.study.columns import UNKNOWN
from attnlab.study.figures import FORMS, Drawing
from attnlab.study.provenance import relative_path
from attnlab.study.records import Record
from attnlab.study.report import Said
from attnlab.study.rows import Row
from attnlab.study.table import Comparison

UNFOLDED: Final = 4
"""Readings that stand open; many rows have five times as many, and the table and the figures come after them."""


def page(folder: Path, comparison: Comparison, drawings: Sequence[Drawing], said: Said) -> str:
    """The text of the page.

    Args:
        folder: in which it will lie, beside the SVG files of its figures.
        comparison: the main table.
        drawings: the figures.
        said: what is said of them.
    """
    template = Template(files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(said.title),
        subtitle=escape(said.subtitle),
        readings=_readings([_linked(line, comparison.rows) for line in said.readings]),
        table=_main_table(comparison),
        figures="\n".join(_section(folder, drawing) for drawing in drawings),
        statement=_list(map(escape, said.statement)),
        runs=_runs_table(folder, comparison.rows),
    )


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"


def _readings(lines: Sequence[str]) -> str:
    """The first ones, and the others where a click unfolds them."""
    shown, folded = lines[:UNFOLDED], lines[UNFOLDED:]
    more = f"<details><summary>{len(folded)} more</summary>{_list(folded)}</details>" if folded else ""
    return _list(shown) + more


def _linked(line: str, rows: Sequence[Row]) -> str:
    """Names of rows lead to their runs; one that begins like another is not taken for it."""
    numbers = {row.name: number for number, row in enumerate(rows)}
    names = "|".join(re.escape(name) for name in sorted(numbers, key=len, reverse=True))
    parts = re.split(rf"(?<!\w)({names})(?!\w)", line)
    return "".join(
        f'<a href="#row-{numbers[part]}">{escape(part)}</a>' if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


def _main_table(comparison: Comparison) -> str:
    """Each figure leads to the runs of its row."""
    lines = []
    for number, row in enumerate(comparison.rows):
        cells = zip(comparison.cells(row), comparison.values(row), strict=True)
        name, *figures = ((f'<a href="#row-{number}">{_with_small(text)}</a>', value) for text, value in cells)
        lines.append(_line([(name[0].replace("_", "_<wbr>"), name[1]), *figures]))
    return _table(comparison.headings, lines)


def _with_small(text: str) -> str:
    """What follows the first word of a figure, such as its interval, is set small."""
    mean, mark, rest = text.partition(" ")
    return f"{escape(mean)} <small>{escape(rest)}</small>" if mark else escape(text)


def _runs_table(folder: Path, rows: Sequence[Row]) -> str:
    lines = []
    for number, row in enumerate(rows):
        for place, record in enumerate(row.records):
            bleu = record.known("test/bleu")
            cells = [
                (escape(row.name), row.name),
                (str(record.seed), record.seed),
                (UNKNOWN if bleu is None else f"{bleu:.2f}", "" if bleu is None else bleu),
                (_links(folder, record), relative_path(record.folder)),
            ]
            lines.append(_line(cells, name="" if place else f' id="row-{number}"'))
    return _table(["model", "seed", "BLEU", "files"], lines)


def _links(folder: Path, record: Record) -> str:
    """To the folder of a run and what lies in it, as seen from the page."""
    home = Path(os.path.relpath(record.folder, folder)).as_posix()
    names = [
        name for name in (CONFIG_FILE, METRICS_FILE, TRANSLATIONS_FILE, LOG_FILE) if (record.folder / name).exists()
    ]
    links = [f'<a href="{quote(home)}/">{escape(record.folder.name)}/</a>']
    links += [f'<a href="{quote(f"{home}/{name}")}">{name}</a>' for name in names]
    return f'<span class="links">{" ".join(links)}</span>'


def _line(cells: Iterable[tuple[str, object]], *, name: str = "") -> str:
    written = (f'<td data-value="{escape(str(value))}">{text}</td>' for text, value in cells)
    return f"<tr{name}>{''.join(written)}</tr>"


def _table(headings: Sequence[str], lines: Sequence[str]) -> str:
    heads = "".join(f'<th scope="col"><button type="button">{escape(each)}</button></th>' for each in headings)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _section(folder: Path, drawing: Drawing) -> str:
    title, text = escape(drawing.title), escape(drawing.text)
    if drawing.figure is None:
        return f'<section><h2>{title}</h2><p class="soft">Left out: {text}</p></section>'
    svg = _inline((folder / f"{drawing.name}.svg").read_text(encoding="utf-8"), drawing.name, title)
    links = " ".join(f'<a href="{drawing.name}.{form}">{form.upper()}</a>' for form in FORMS)
    return (
        f'<section><h2>{title}</h2><figure><div class="drawing" tabindex="0" role="region" aria-label="{title}">{svg}'
        f"</div><figcaption>{text} {links}</figcaption></figure></section>"
    )


def _inline(svg: str, name: str, title: str) -> str:
    """An SVG file as a part of a page: names of its own, no ground, and what it is for those who cannot see it."""
    drawn = svg[svg.index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", drawn)
    drawn = drawn.replace("fill: #ffffff", "fill: none")
    return drawn.replace("<svg", f'<svg role="img" aria-label="{title}"', 1)
