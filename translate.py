"""Translates sentences: python translate.py run=latest "the old man sleeps" (--help says more)."""

from omegaconf import DictConfig

from attnlab.experiment.launch import launch, take_sentences

sentences = take_sentences()


def main(config: DictConfig) -> None:
    """Writes one line for each sentence."""
    from attnlab.experiment.translate import translate  # late, so that --help and a bad override answer at once

    translate(config, sentences)


if __name__ == "__main__":
    launch(main, "translate")
