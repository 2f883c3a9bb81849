"""What a benchmark leaves: a dated Markdown file with its table, and all that is needed to believe and repeat it."""

import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = ("python", "torch", "lightning", "datasets", "tokenizers")


def write(
    name: str, title: str, body: Sequence[str], *, precision: str = "32-true", config: str = "", output: Path = RESULTS
) -> Path:
    """Prints what was measured and writes it to `<output>/<date>-<name>.md`, over an earlier one of that day.

    Args:
        name: the file's, in lower case with hyphens.
        title: the heading.
        body: Markdown lines: what the figures mean, then the table; see `table`.
        precision: in which numbers were calculated, as Lightning calls it.
        config: the resolved configuration as yaml, where one was composed.
        output: the folder.
    """
    now = datetime.now(UTC)
    command = shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    heading = [f"# {title}", "", f"    {command}", "", f"Measured {now:%Y-%m-%d %H:%M} UTC.", ""]
    configured = ["", "Configuration:", "", "```yaml", *config.rstrip().splitlines(), "```"] if config else []
    file = output / f"{now:%Y-%m-%d}-{name}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join([*heading, *body, "", *setting(precision), *configured]) + "\n"
    here = text.replace(f"{ROOT}/", "").replace(f"{ROOT.parent}/", "../")  # paths mean nothing on another machine
    file.write_text(here, encoding="utf-8")
    print("\n".join(body))
    print(f"\n{file}")
    return file


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, texts: int = 1) -> list[str]:
    """A Markdown table; the first `texts` columns hold words, the others figures."""
    marks = ["---" if column < texts else "---:" for column in range(len(headings))]
    return [f"| {' | '.join(cells)} |" for cells in (headings, marks, *rows)]


def setting(precision: str) -> list[str]:
    """Hardware, versions and commit."""
    import torch  # noqa: PLC0415 - what only measures starts without it

    from attnlab.experiment.results import environment  # noqa: PLC0415

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    facts = environment(precision=precision, device=device, folder=ROOT)
    git = facts["git"] or {"commit": "unknown", "dirty": False}
    versions = ", ".join(f"{package} {facts['versions'][package]}" for package in PACKAGES)
    accelerator = f", {facts['accelerator']}" if facts["accelerator"] else ""
    return [
        f"- Hardware: {facts['cpu']}, {facts['cpu_count']} logical processors, {facts['threads']} thread(s) used"
        f"{accelerator}",
        f"- Precision: {facts['precision']}",
        f"- Platform: {facts['platform']}",
        f"- Versions: {versions}",
        f"- Commit: {git['commit']}{' and uncommitted changes' if git['dirty'] else ''}",
    ]
