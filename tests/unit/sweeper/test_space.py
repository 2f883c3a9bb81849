import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from optuna.distributions import CategoricalDistribution, FloatDistribution

from attnlab.errors import ConfigError
from attnlab.experiment.launch import CONF
from hydra_plugins.attnlab_sweeper._space import Space, check_space, read_space


def test_a_grid_is_every_combination_the_last_parameter_changing_fastest() -> None:
    space = read_space({"seed": "1,2", "model/attention": "dot,general"}, ["data=grammar"])
    assert [space.overrides(point) for point in space.grid()] == [
        [f"seed={seed}", f"model/attention={name}", "data=grammar"] for seed in (1, 2) for name in ("dot", "general")
    ]


def test_ranges_with_steps_have_a_grid_too() -> None:
    space = read_space({"size": "range(8, 17, 4)", "rate": "range(0.1, 0.3, 0.1)", "none": "null,1"}, [])
    columns = {name: list(dict.fromkeys(point[name] for point in space.grid())) for name in space.varied}
    assert columns == {"size": [8, 12, 16], "rate": pytest.approx([0.1, 0.2]), "none": ["null", 1]}


def test_the_command_line_wins_over_the_sweep() -> None:
    params = {"lr": "interval(0.0, 1.0)", "seed": "1,2,3", "size": 3}
    assert read_space(params, ["lr=0.5", "seed=4,5", "~callbacks.progress"]) == Space(
        {"seed": CategoricalDistribution([4, 5])},
        ["size=3", "lr=0.5", "~callbacks.progress"],
        {"size": "size=3", "lr": "lr=0.5"},
    )
    assert read_space({"lr": 0.5}, ["lr=tag(log, interval(0.1, 1.0))"]) == Space(
        {"lr": FloatDistribution(0.1, 1.0, log=True)}, [], {}
    )


def test_a_grid_over_a_range_without_steps_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"tries every value, but optimizer.lr is a range without steps: write opt"):
        read_space({"seed": "1,2", "optimizer.lr": "interval(0.1, 1.0)"}, []).grid()


def test_values_that_cannot_be_searched_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"seed=glob\(\*\): values to search are written choice\(a, b\), .*: mend it"):
        read_space({"seed": "glob(*)"}, [])
    with pytest.raises(ConfigError, match=r"size=range\(5, 5\): values to search are .* at least one value"):
        read_space({"size": "range(5, 5)"}, [])


def test_a_sweep_over_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"varies something, but here nothing does: add NAME=a,b,c"):
        read_space({"seed": "1,2"}, ["seed=3"])


def check(**params: str) -> None:
    with initialize_config_dir(str(CONF)):
        loader = GlobalHydra.instance().config_loader()
        config = loader.load_configuration("train", ["hydra/sweeper=study"], RunMode.MULTIRUN)
        check_space(read_space({name.replace("__", "."): value for name, value in params.items()}, []), loader, config)


def test_parameters_are_looked_up_before_the_first_trial() -> None:
    check(model="luong_dot,no_attention", optimizer__lr="interval(0.1, 1.0)")
    with pytest.raises(
        ConfigError, match=r"model=luong_dott: model has no choice luong_dott: choose among .*luong_dot"
    ):
        check(model="luong_general,luong_dott")
    with pytest.raises(HydraException, match=r"Could not override 'optimizer.rate'"):
        check(optimizer__rate="interval(0.1, 1.0)")
