import io
import re

import pytest
from rich.console import Console

from attnlab.errors import ConfigError
from attnlab.evaluation.alignment_judge import ALIGNMENT_COLUMNS
from attnlab.evaluation.by_length import TABLE_COLUMNS
from attnlab.evaluation.intervals import Estimate
from attnlab.experiment.results import results_table
from attnlab.study.columns import Column, check_metric, choose_columns

GROUPS = {"quality": ["test/bleu", "test/bleu/*", "test/aer", "parameters"], "speed": ["train/tokens_per_second"]}


@pytest.mark.parametrize(
    ("metric", "heading"),
    [
        ("test/bleu", "BLEU"),
        ("test/bleu/long", "BLEU long"),
        ("test/exact_match/21-25", "exact match 21-25"),
        ("val/chrf/short", "val chrF short"),
        ("test/aer", "AER"),
        ("test/aer_thresholded/long", "AER thresholded long"),
        ("test/aer_left_to_right", "AER left to right"),
        ("test/attention_entropy_own", "entropy own"),
        ("test/attention_non_monotonic", "steps back"),
        ("train/tokens_per_second", "train tokens/s"),
        ("parameters", "parameters"),
        ("best/val/bleu", "best/val/bleu"),
        ("val/loss", "val/loss"),
        ("test/something/new/long", "test/something/new/long"),
    ],
)
def test_headings_are_those_of_single_runs(metric: str, heading: str) -> None:
    assert Column(metric).heading == heading


@pytest.mark.parametrize("columns", [TABLE_COLUMNS, ALIGNMENT_COLUMNS])
def test_figures_read_as_in_the_table_of_a_single_run(columns: dict[str, str]) -> None:
    metrics = {f"test/{name}": 0.123456 for name in columns}
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(results_table(metrics, stage="test", names=[], title="", columns=columns))
    (line,) = re.findall("(?m)^ *overall (.*)$", console.export_text())
    found = [Column(name).text(Estimate(value, None, 1), runs=1) for name, value in metrics.items()]
    assert line.split() == found


@pytest.mark.parametrize(
    ("metric", "found", "text"),
    [
        ("test/bleu", Estimate(91.317, 0.452, 3), "91.32 ±0.45"),
        ("test/bleu", Estimate(91.317, None, 1), "91.32 (1 of 3)"),
        ("test/bleu", Estimate(91.317, 0.452, 2), "91.32 ±0.45 (2 of 3)"),
        ("test/bleu/long", None, "–"),
        ("test/exact_match_own", Estimate(0.784, 0.0123, 3), "78.4% ±1.2%"),
        ("test/aer", Estimate(0.0712, 0.00123, 3), "0.071 ±0.001"),
        ("train/tokens_per_second", Estimate(6615.7, 120.4, 3), "6,616 ±120"),
        ("parameters", Estimate(1679313.0, 0.0, 3), "1,679,313"),
        ("test/perplexity", Estimate(1234.5, 0.5, 3), "1,234.50 ±0.50"),
        ("something/else/again/yes", Estimate(0.5, 0.25, 3), "0.50 ±0.25"),
    ],
)
def test_a_figure_comes_with_its_interval(metric: str, found: Estimate | None, text: str) -> None:
    assert Column(metric).text(found, runs=3) == text


def test_a_group_has_a_column_for_each_bucket_and_leaves_out_what_no_run_has() -> None:
    known = ["test/bleu", "test/bleu/short", "test/bleu/long", "parameters"]
    columns = choose_columns("quality", GROUPS, buckets=["short", "medium", "long"], known=known)
    assert [column.metric for column in columns] == ["test/bleu", "test/bleu/short", "test/bleu/long", "parameters"]


def test_columns_may_be_any_metrics() -> None:
    known = ["test/ter", "val/loss", "test/ter/long"]
    columns = choose_columns(["val/loss", "test/ter/*", "val/loss"], GROUPS, buckets=["short", "long"], known=known)
    assert [column.metric for column in columns] == ["val/loss", "test/ter/short", "test/ter/long"]


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"columns is one of quality, speed or a list of metrics, but it is qualty: ch"
    ):
        choose_columns("qualty", GROUPS, buckets=[], known=[])


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"columns takes .*, but none has test/blue: did you mean test/bleu\?"):
        choose_columns(["test/blue"], GROUPS, buckets=[], known=["test/bleu", "parameters"])
    with pytest.raises(ConfigError, match=r"none has test/blue/short: did you mean test/bleu/short\?"):
        choose_columns(["test/blue/*"], GROUPS, buckets=["short"], known=["test/bleu/short"])
    with pytest.raises(ConfigError, match=r"sort takes .*, but none has xyz: metrics.json of a run shows all it has"):
        check_metric("sort", "xyz", ["test/bleu"])
