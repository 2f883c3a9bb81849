"""A precision is measured, not guessed."""

import pytest
import torch

from attnlab.training import precision as precision_module
from attnlab.training.precision import choose_precision


def pretend(monkeypatch: pytest.MonkeyPatch, float32: float, bfloat16: float) -> None:
    """Seconds that a product takes in either format; all layers run in both."""
    monkeypatch.setattr(precision_module, "knows_bfloat16", lambda device_type: True)
    seconds = {torch.float32: float32, torch.bfloat16: bfloat16}
    monkeypatch.setattr(precision_module, "_seconds", lambda dtype: seconds[dtype])


@pytest.mark.parametrize(
    ("float32", "bfloat16", "name"), [(4.0, 1.0, "bf16-mixed"), (1.0, 100.0, "32-true"), (1.1, 1.0, "32-true")]
)
def test_auto_takes_what_is_clearly_faster(
    monkeypatch: pytest.MonkeyPatch, float32: float, bfloat16: float, name: str
) -> None:
    pretend(monkeypatch, float32, bfloat16)
    chosen = choose_precision("auto", "cpu")
    assert chosen.name == name
    assert f"{float32 / bfloat16:.2f} times as fast" in chosen.reason


@pytest.mark.parametrize("wanted", ["32-true", "bf16-mixed", "16-mixed"])
def test_what_is_configured_is_not_measured(monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    monkeypatch.delattr(precision_module, "_seconds")
    monkeypatch.setattr(precision_module, "knows_bfloat16", lambda device_type: True)
    assert choose_precision(wanted, "cpu").name == wanted
    assert choose_precision(wanted, "cpu").reason == "as configured"


@pytest.mark.parametrize("wanted", ["auto", "bf16-mixed", "bf16-true"])
def test_a_device_whose_layers_know_no_bfloat16_gets_float32(monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    monkeypatch.setattr(precision_module, "knows_bfloat16", lambda device_type: False)
    chosen = choose_precision(wanted, "cpu")
    assert chosen.name == "32-true"
    assert "this cpu knows no bfloat16" in chosen.reason
    assert (wanted in chosen.reason) == (wanted != "auto")


@pytest.mark.parametrize("known", [True, False])
def test_a_gpu_has_bfloat16_in_hardware_or_not(monkeypatch: pytest.MonkeyPatch, known: bool) -> None:
    """Nothing is timed: the processes of one training would differ, and so would the rows of a table."""
    monkeypatch.delattr(precision_module, "_seconds")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: known and not including_emulation)
    assert choose_precision("auto", "cuda").name == ("bf16-mixed" if known else "32-true")


@pytest.mark.parametrize("known", [True, False])
def test_a_cpu_knows_bfloat16_if_its_lstm_does(monkeypatch: pytest.MonkeyPatch, known: bool) -> None:
    monkeypatch.setattr(precision_module, "runs_unpacked", lambda dtype: known and dtype is torch.bfloat16)
    assert precision_module.knows_bfloat16("cpu") == known
    assert precision_module.knows_bfloat16("mps")


def test_other_devices_get_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(precision_module, "_seconds")
    assert choose_precision("auto", "mps").name == "32-true"
    assert "not tried on mps" in choose_precision("auto", "mps").reason


def test_this_machine_can_be_measured_without_touching_the_random_numbers() -> None:
    torch.manual_seed(0)
    undisturbed = torch.rand(3)
    torch.manual_seed(0)
    assert choose_precision("auto", "cpu").name in {"bf16-mixed", "32-true"}
    assert torch.rand(3).equal(undisturbed)


class SlowStart:
    """A matrix whose first product takes 10 s and every other 20 ms, on a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0

    def __matmul__(self, other: object) -> torch.Tensor:
        self.now += 0.02 if self.now else 10.0
        return torch.zeros(1, 1)


def test_a_slow_start_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A first product starts threads and loads kernels."""
    matrix = SlowStart()
    monkeypatch.setattr("attnlab.training.precision.torch.ones", lambda *sizes, **kind: matrix)
    monkeypatch.setattr("attnlab.training.precision.time.perf_counter", lambda: matrix.now)
    assert precision_module._seconds(torch.float32) == pytest.approx(0.02)
