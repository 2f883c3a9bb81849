"""Trains a model and tests it: python train.py model=luong_general (--help says more)."""

from omegaconf import DictConfig

from attnlab.experiment.launch import launch


def main(config: DictConfig) -> float | tuple[float, ...]:
    """Returns the best value of `monitor`, or all `objectives`, for sweeps."""
    from attnlab.experiment.train import train  # late, so that --help and a bad override answer at once

    return train(config)


if __name__ == "__main__":
    launch(main, "train")
