"""Scores a run on any split or another corpus: python evaluate.py run=latest (--help says more)."""

from omegaconf import DictConfig

from attnlab.experiment.launch import launch


def main(config: DictConfig) -> float:
    """Returns BLEU, for multiruns."""
    from attnlab.experiment.evaluate import evaluate  # late, so that --help and a bad override answer at once

    return evaluate(config)


if __name__ == "__main__":
    launch(main, "evaluate")
