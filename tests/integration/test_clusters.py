"""Sweeps whose trials run elsewhere: SLURM's launcher with its local executor, a Ray cluster, and a storage proxy."""

import importlib.util
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import optuna
import pytest
from command_line import TINY, Commands
from optuna.exceptions import ExperimentalWarning
from toy_sweep import GRID, assert_each_once, begin

from attnlab.experiment.storage import open_storage

PLACES = ("paths.cache=cache", "sweeps=attention_vs_none", "seed=1", "model=luong_dot,no_attention")


def needs(module: str, extra: str) -> pytest.MarkDecorator:
    missing = importlib.util.find_spec(module) is None
    return pytest.mark.skipif(missing, reason=f"{module} is not installed: pip install 'attnlab[{extra}]'")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def check(commands: Commands, name: str, *arguments: str) -> None:
    """Sweeps, and finds every trial run and reported."""
    outputs = f"paths.outputs={commands.folder / name}"
    said = commands("train", "-m", *TINY, *PLACES, outputs, "hydra.sweeper.workers=2", *arguments)
    assert said.status == 0, said.stderr
    folder = commands.folder / name / "sweeps" / "attention_vs_none"
    trials = optuna.load_study(study_name="attention_vs_none", storage=open_storage(None, folder)).trials
    assert [trial.params["model"] for trial in trials] == ["luong_dot", "no_attention"]
    assert [trial.state.name for trial in trials] == ["COMPLETE"] * 2
    assert [list(trial.intermediate_values) for trial in trials] == [[1, 2]] * 2
    assert (folder / "1" / "metrics.json").exists()


@needs("submitit", "slurm")
def test_slurm(commands: Commands) -> None:
    check(commands, "slurm", "hydra/launcher=submitit_local")


@pytest.fixture
def ray() -> Iterator[str]:
    """The address of a cluster of our own."""
    address = f"127.0.0.1:{free_port()}"
    options = ("--num-cpus=2", "--include-dashboard=false", "--disable-usage-stats", "--object-store-memory=80000000")
    start = [str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", f"--port={address[10:]}"]
    with subprocess.Popen([*start, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as cluster:
        for _ in range(300):
            with socket.socket() as caller:
                if caller.connect_ex(("127.0.0.1", int(address[10:]))) == 0:
                    break
            time.sleep(0.1)
        yield address
        cluster.terminate()


@pytest.mark.slow
@needs("ray", "ray")
def test_ray(commands: Commands, ray: str) -> None:
    check(commands, "ray", "hydra/launcher=ray", f"hydra.launcher.ray.init.address={ray}")


def serve(folder: Path, port: int) -> None:
    warnings.simplefilter("ignore", ExperimentalWarning)
    optuna.storages.run_grpc_proxy_server(open_storage(None, folder), host="localhost", port=port)


@needs("grpc", "grpc")
@pytest.mark.parametrize("workers", [2])
def test_workers_share_the_trials_behind_a_proxy(workers: int, tmp_path: Path) -> None:
    port = free_port()
    proxy = get_context("fork").Process(target=serve, args=(tmp_path, port))
    proxy.start()
    try:
        url = f"grpc://localhost:{port}"
        others = [begin(tmp_path, url=url, seconds=0.01, workers=2) for _ in range(workers)]
        for process in others:
            process.join(60)
        assert [process.exitcode for process in others] == [0] * workers
        assert_each_once(tmp_path, GRID)
    finally:
        proxy.kill()
        proxy.join()
