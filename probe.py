"""Measures what the memory states of a run stand for: python probe.py run=latest (--help says more)."""

from omegaconf import DictConfig

from attnlab.experiment.launch import launch


def main(config: DictConfig) -> float:
    """Returns the share of its own word in a memory state's gradient, for multiruns."""
    from attnlab.experiment.probe import probe  # late, so that --help and a bad override answer at once

    return probe(config)


if __name__ == "__main__":
    launch(main, "probe")
