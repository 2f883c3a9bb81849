"""One Python file and one yaml make a scoring function: nothing else knows its name."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig

import attnlab.attention
from attnlab.data.batch import collate
from attnlab.experiment.components import component
from attnlab.seq2seq.model import Seq2Seq

MODULE = '''
from attnlab.attention.scoring import ScoringFunction


class FirstEntry(ScoringFunction):
    """The product of the first entries."""

    formula = "q₁ m₁"
    source = "a test"
    cost = "S"

    def keys(self, memory):
        return memory[..., :1]

    def forward(self, query, keys):
        return query[..., :1] @ keys.transpose(1, 2)
'''


def test_a_file_and_a_yaml_are_enough(
    tmp_path: Path, compose_config: Callable[..., DictConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "first_entry.py").write_text(MODULE)
    monkeypatch.setattr(attnlab.attention, "__path__", [*attnlab.attention.__path__, str(tmp_path)])
    choice = tmp_path / "conf" / "model" / "attention" / "first_entry.yaml"
    choice.parent.mkdir(parents=True)
    choice.write_text("_target_: attnlab.attention.first_entry.FirstEntry\n")

    search = f"hydra.searchpath=[file://{tmp_path / 'conf'}]"
    config = compose_config("train", search, "model=luong", "model/attention=first_entry", "model.hidden_size=8")
    config.model.network.embeddings.source_vocab_size = 11
    config.model.network.embeddings.target_vocab_size = 11
    model = component(config, "model.network", Seq2Seq)
    batch = collate([[5, 6, 7, 8], [6]], [[7, 5], []], range(2))
    found = model(batch.source, batch.source_lengths, batch.target[:, :-1])
    assert config.model.name == "luong_first_entry"
    assert found.weights is not None
    assert found.weights.sum(dim=-1).allclose(torch.ones(()))
    found.logits.sum().backward()
