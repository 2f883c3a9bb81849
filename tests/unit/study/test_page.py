import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from matplotlib.figure import Figure
from typing_extensions import override

from attnlab.study.columns import Column
from attnlab.study.figures import Drawing, save_figures
from attnlab.study.page import page
from attnlab.study.records import Record
from attnlab.study.report import Said
from attnlab.study.rows import rows_of
from attnlab.study.table import compare_rows

MakeRun = Callable[..., Path]
Read = Callable[[], list[Record]]
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
WATCH = """<script>
window.addEventListener("load", () => {
  const table = document.querySelector("table");
  const first = () => table.tBodies[0].rows[0].cells[0].textContent;
  const ground = getComputedStyle(document.body).backgroundColor;
  const told = [document.documentElement.scrollWidth <= innerWidth, innerWidth, ground, first()];
  for (const _ of [1, 2]) { table.tHead.querySelectorAll("button")[2].click(); told.push(first()); }
  parent.postMessage(told, "*");
});
</script>"""
"""Tells the page around it whether all fits, how wide and bright it is, and which row is first, unsorted and sorted."""
GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 28)"}
"""Behind the text, by what the reader prefers."""
FRAME = """<!doctype html><body><iframe src="index.html" width="{width}" style="border: 0"></iframe><script>
addEventListener("message", event => document.body.append(JSON.stringify(event.data)));
</script>"""
"""A window of Chromium is at least 500 pixels wide, a frame is not."""


class Outline(HTMLParser):
    """Ids, targets of links, and whatever a browser would fetch by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.open: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if tag == "a" and "href" in values else []
        self.fetched += [values[name] for name in ("src", "xlink:href") if name in values]
        if tag not in {"meta", "link", "wbr"}:
            self.open.append(tag)

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def report(make_run: MakeRun, records: Read) -> Path:
    """Sixteen rows with long names and two figures: wider than a phone."""
    for number in range(16):
        figures = {"test/bleu": number * 1.5, "test/chrf": None if number % 2 else 7.0}
        make_run(f"sweep/a b#{number}", f"a_model_with_a_long_name_<{number:02}>", metrics=figures)
    columns = [Column("test/bleu"), Column("test/chrf"), *(Column(f"test/bleu/{number}") for number in range(8))]
    comparison = compare_rows(rows_of(records()), columns, sort="test/bleu", descending=True)
    drawings = [Drawing(name, f"{name} & more", "read it so", Figure(figsize=(9, 3))) for name in ("one", "two")]
    for drawing in drawings:
        assert drawing.figure is not None
        drawing.figure.subplots().plot([1, 2], [3, 4], marker="o")
    drawings.append(Drawing("three", "Third", "a <reason>.", None))
    folder = Path("sweep/report")
    save_figures(folder, drawings)
    said = Said(
        "a <sweep>",
        "16 runs",
        ["x loses <b> 3", "a_model_with_a_long_name_<07> gains 2", "third", "fourth", "fifth", "sixth"],
        ["command: python compare.py $x"],
    )
    text = page(folder, comparison, drawings, said)
    (folder / "index.html").write_text(text, encoding="utf-8")
    return folder / "index.html"


def test_the_page_is_whole_and_needs_nothing_from_anywhere(report: Path) -> None:
    text = report.read_text("utf-8")
    outline = Outline()
    outline.feed(text)
    assert not outline.open
    assert len(outline.ids) == len(set(outline.ids))
    assert [each for each in outline.fetched if not each.startswith(("#", "data:"))] == []
    assert {each[1:] for each in outline.fetched if each.startswith("#")} <= set(outline.ids)
    assert not re.findall(r"url\((?!#)|@import|fetch\(", text)
    assert "<b>" not in text
    assert "a &lt;sweep&gt;" in text
    assert "Left out: a &lt;reason&gt;." in text
    assert "python compare.py $x" in text


def test_every_figure_leads_to_its_runs_and_these_to_their_files(report: Path, tmp_path: Path) -> None:
    outline = Outline()
    outline.feed(report.read_text("utf-8"))
    inside = [link for link in outline.links if link.startswith("#")]
    assert len(inside) == 16 * 12 + 1
    assert '<li><a href="#row-8">a_model_with_a_long_name_&lt;07&gt;</a> gains 2</li>' in report.read_text("utf-8")
    assert {link[1:] for link in inside} <= set(outline.ids)
    files = [report.parent / unquote(link) for link in outline.links if not link.startswith("#")]
    written = {report.parent / name for name in ("table.md", "table.csv", "runs.csv")}
    assert all(path.exists() for path in files if path not in written)
    assert sum(path.name == "config.yaml" for path in files) == 16


def test_what_is_said_beyond_the_first_lines_is_folded(report: Path) -> None:
    before, folded, _ = re.split(r"<details>|</details>", report.read_text("utf-8"))
    assert "<li>fourth</li>" in before
    assert folded == "<summary>2 more</summary><ul><li>fifth</li><li>sixth</li></ul>"


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", GROUNDS)
def test_a_browser_shows_it_without_complaint(report: Path, tmp_path: Path, width: int, scheme: str) -> None:
    assert CHROMIUM is not None
    report.write_text(report.read_text("utf-8").replace("</body>", f"{WATCH}</body>"), encoding="utf-8")
    around = report.with_name("frame.html")
    around.write_text(FRAME.format(width=width), encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
    command += [f"--blink-settings=preferredColorScheme={list(GROUNDS)[::-1].index(scheme)}"]
    command += ["--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom", around.resolve().as_uri()]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    assert "CONSOLE" not in said.stderr
    best, worst = "a_model_with_a_long_name_<15>", "a_model_with_a_long_name_<00>"
    told = re.search(r"\[.*\]", said.stdout)
    assert told, said.stdout
    assert json.loads(unescape(told[0])) == [True, width, GROUNDS[scheme], best, best, worst]
