"""The scoring functions as one table, from their classes: python -m attnlab.experiment.family README.md."""

import sys
from pathlib import Path
from typing import Final

from omegaconf import OmegaConf

from attnlab.attention.scoring import ScoringFunction
from attnlab.errors import ConfigError
from attnlab.experiment.components import component
from attnlab.experiment.launch import CONF
from attnlab.experiment.results import write_whole

SIZE: Final = 256
"""Of query and memory, where parameters are counted: the hidden size of the embedded corpus."""

BEGIN: Final = "<!-- scoring functions: made by python -m attnlab.experiment.family README.md -->"
END: Final = "<!-- end of scoring functions -->"


def family_table() -> str:
    """A row in Markdown for every file in conf/model/attention: name, formula, parameters, cost, source."""
    rows = [
        f"| `model/attention` | score of query q and memory state m | parameters at {SIZE} | cost of a step | source |",
        "|---|---|---|---|---|",
    ]
    for path in sorted((CONF / "model" / "attention").glob("*.yaml")):
        config = OmegaConf.create({"model": {"hidden_size": SIZE, "attention": OmegaConf.load(path)}})
        scoring = component(config, "model.attention", ScoringFunction)
        count = sum(parameter.numel() for parameter in scoring.parameters())
        rows.append(f"| `{path.stem}` | {_cell(scoring.formula)} | {count:,} | {scoring.cost} | {scoring.source} |")
    return "\n".join(rows)


def with_table(text: str, table: str) -> str:
    """The text with what stands between its marks replaced.

    Raises:
        ConfigError: if it does not hold both marks once, in their order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ConfigError(f"the table goes between {BEGIN} and {END}, which this file does not hold: add these lines.")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def _cell(formula: str) -> str:
    """A formula may hold bars, which would end the cell of a table."""
    return formula.replace("|", "\\|")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write_whole(Path(name), with_table(Path(name).read_text(encoding="utf-8"), family_table()))
    if not sys.argv[1:]:
        print(family_table())
