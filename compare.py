"""Puts finished runs side by side: python compare.py sweep=NAME (--help says more)."""

from omegaconf import DictConfig

from attnlab.experiment.launch import launch


def main(config: DictConfig) -> None:
    """Leaves the report."""
    from attnlab.study.compare import compare  # late, so that --help and a bad override answer at once

    compare(config)


if __name__ == "__main__":
    launch(main, "compare")
