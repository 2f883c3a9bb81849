"""A compiled step gives what the plain one gives: outputs, weights and gradients."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import TINY, Commands

TRAINING = ("model.dropout=0", "paths.cache=cache")
KINDS = (
    "luong_general model.window.reach=2 model/window=local_p",  # plain steps read excerpts
    "bahdanau model/attention=location_aware",  # plain steps compute pairs again
    "no_attention",
)
MORE = (
    "bahdanau model/cell=gru model.num_layers=2",
    "luong model/attention=coverage model/merge=gated",
    "luong model/attention=multi_head_general",
    "luong_general model/normalizer=entmax15",
    "luong_general model/normalizer=sparsemax model/window=local_m",
    "luong_location",
    "uniform_attention",
)


@pytest.mark.parametrize("models", [KINDS, pytest.param(MORE, marks=pytest.mark.slow)], ids=["kinds", "more"])
def test_a_compiled_step_equals_the_plain_one(models: tuple[str, ...], repository: Path, tmp_path: Path) -> None:
    """Plain steps run as trainings run them, so that this is also fast against fast."""
    script = str(repository / "tests" / "integration" / "compiled_steps.py")
    done = subprocess.run([sys.executable, script, *models], check=True, capture_output=True, text=True, cwd=tmp_path)
    results = json.loads(done.stdout)
    assert list(results) == list(models)
    for model, result in results.items():
        assert result["difference"] < 1e-12, model
        assert result["breaks"] == [], model
        assert 1 <= result["graphs"] <= 4 or (model == "no_attention" and result["graphs"] == 0), model


def test_without_a_compiler_the_command_says_what_to_do(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"CXX": "/nowhere/c++", "TORCHINDUCTOR_CACHE_DIR": str(commands.folder / "compiled")}.items():
        monkeypatch.setitem(commands.environment, name, value)
    said = commands.alone("train", *TINY, *TRAINING, "compile=true", "paths.outputs=refused")
    assert said.status == 2
    error = said.stderr.splitlines()[-1]
    assert error.startswith(
        "error: compile=true needs a compiler that torch can use, a C++ compiler on a CPU or Triton"
    )
    assert "/nowhere/c++" in error
    assert error.endswith("install one, or set compile=false.")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("c++") is None, reason="compiling for a CPU needs a C++ compiler")
def test_a_compiled_training_learns_the_same(commands: Commands) -> None:
    compiled, plain = (commands.train(f"{name}_step", *TRAINING, f"compile={name}") for name in ("true", "false"))
    for figure in ("train/loss", "val/loss"):
        assert compiled.metrics[figure] == pytest.approx(plain.metrics[figure], rel=1e-4)
