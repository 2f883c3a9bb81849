"""What a sweep can be told: `hydra.sweeper`, pruners, and two samplers beside those of hydra-optuna-sweeper."""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra_plugins.hydra_optuna_sweeper.config import NSGAIISamplerConfig, SamplerConfig, TPESamplerConfig
from omegaconf import MISSING


@dataclass
class PrunerConfig:
    """Optuna's pruners; a step is an epoch."""

    _target_: str = MISSING


@dataclass
class NoPrunerConfig(PrunerConfig):
    """Every trial runs to its end."""

    _target_: str = "optuna.pruners.NopPruner"


@dataclass
class MedianPrunerConfig(PrunerConfig):
    """Ends a trial that is worse than the median of the earlier ones at the same epoch."""

    _target_: str = "optuna.pruners.MedianPruner"
    n_startup_trials: int = 5
    n_warmup_steps: int = 0
    interval_steps: int = 1
    n_min_trials: int = 1


@dataclass
class SuccessiveHalvingPrunerConfig(PrunerConfig):
    """Lets one in `reduction_factor` trials pass each rung (ASHA; Li et al. 2020).

    One in two, not Optuna's one in four: a search of some tens of trials would be left with few that learn to the end.
    """

    _target_: str = "optuna.pruners.SuccessiveHalvingPruner"
    min_resource: Any = 1
    reduction_factor: int = 2
    min_early_stopping_rate: int = 0
    bootstrap_count: int = 0


@dataclass
class HyperbandPrunerConfig(PrunerConfig):
    """Several successive halvings, from bold to careful (Li et al. 2018)."""

    _target_: str = "optuna.pruners.HyperbandPruner"
    min_resource: int = 1
    max_resource: Any = "auto"
    reduction_factor: int = 3
    bootstrap_count: int = 0


@dataclass
class WilcoxonPrunerConfig(PrunerConfig):
    """Ends a trial that a signed-rank test over the common epochs finds worse than the best one."""

    _target_: str = "optuna.pruners.WilcoxonPruner"
    p_threshold: float = 0.1
    n_startup_steps: int = 2


@dataclass
class MultivariateTPESamplerConfig(TPESamplerConfig):
    """For parameters that depend on one another: a learning rate may suit one model and not another."""

    multivariate: bool = True


@dataclass
class SmallNSGAIISamplerConfig(NSGAIISamplerConfig):
    """For searches of some tens of trials, which Optuna's population of 50 would spend at random."""

    population_size: int = 15


@dataclass
class StudySweeperConf:
    """`hydra/sweeper=study`."""

    _target_: str = "hydra_plugins.attnlab_sweeper.sweeper.StudySweeper"
    defaults: list[Any] = field(default_factory=lambda: [{"sampler": "tpe"}, {"pruner": "none"}])
    sampler: SamplerConfig = MISSING
    pruner: PrunerConfig = MISSING
    # maximize or minimize, or a list of them, one for each of `objectives`
    direction: Any = "maximize"
    # null: a journal file in the sweep's folder; else an Optuna URL, or grpc://HOST:PORT
    storage: str | None = None
    # null: the name of the sweep's folder
    study_name: str | None = None
    # of the whole sweep, not of this command; null: all points of a grid
    n_trials: int | None = None
    # trials side by side on this machine
    workers: int = 1
    # the first failed trial ends the sweep
    fail_fast: bool = False
    # so many failed trials are borne by one command; null: any number
    max_failures: int | None = 3
    # how often a trial whose process was killed is tried again
    max_retries: int = 2
    # tries failed trials of earlier commands again
    retry_failed: bool = False
    # seconds between the signs of life of a trial, and without one until it counts as dead (storage by URL only)
    heartbeat: float = 15.0
    grace_period: float = 120.0
    params: dict[str, Any] | None = None


def _store(group: str, name: str, node: type) -> None:
    ConfigStore.instance().store(group=group, name=name, node=node, provider="attnlab")


_store("hydra/sweeper", "study", StudySweeperConf)
_store("hydra/sweeper/sampler", "tpe_multivariate", MultivariateTPESamplerConfig)
_store("hydra/sweeper/sampler", "nsgaii_small", SmallNSGAIISamplerConfig)
_store("hydra/sweeper/pruner", "none", NoPrunerConfig)
_store("hydra/sweeper/pruner", "median", MedianPrunerConfig)
_store("hydra/sweeper/pruner", "successive_halving", SuccessiveHalvingPrunerConfig)
_store("hydra/sweeper/pruner", "hyperband", HyperbandPrunerConfig)
_store("hydra/sweeper/pruner", "wilcoxon", WilcoxonPrunerConfig)
