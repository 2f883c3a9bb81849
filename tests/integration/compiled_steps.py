"""Compares compiled steps with plain ones, in a process without the checks of shapes, which torch cannot trace.

python tests/integration/compiled_steps.py MODEL "MODEL model/attention=dot" ... gives for each how far outputs, weights
and gradients differ at most, how many programs were compiled, and at what tracing broke off.
"""

import json
import sys
import tempfile
from pathlib import Path

import torch
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import open_dict

from attnlab.attention import perceptron
from attnlab.data.batch import Batch, collate
from attnlab.experiment.components import component
from attnlab.seq2seq.compiled import CompiledStep
from attnlab.seq2seq.model import Seq2Seq

CONF = Path(__file__).parents[2] / "conf"
VOCAB_SIZE = 30
BATCHES = (((3, 40, 17), (5, 2, 4)), ((4, 1), (1, 3)))
"""Words of the sources and of the targets; the second batch has other sizes, and a shorter source than any window."""


def build(model: str) -> Seq2Seq:
    """A small model in float64, without chance."""
    sizes = [
        "model.embedding_size=6",
        "model.hidden_size=8",
        "model.dropout=0",
        f"paths.outputs={tempfile.gettempdir()}",
    ]
    with initialize_config_dir(str(CONF)):
        config = compose("train", [*f"model={model}".split(), *sizes], return_hydra_config=True)
        HydraConfig.instance().set_config(config)
        with open_dict(config):
            del config.hydra
        config.model.network.embeddings.source_vocab_size = VOCAB_SIZE
        config.model.network.embeddings.target_vocab_size = VOCAB_SIZE
        torch.manual_seed(0)
        return component(config, "model.network", Seq2Seq).double()


def found(model: Seq2Seq, batch: Batch, step: CompiledStep | None) -> list[torch.Tensor]:
    """Outputs, weights and every gradient."""
    model.zero_grad()
    prediction = model(batch.source, batch.source_lengths, batch.target[:, :-1], step)
    values = [value for value in (prediction.outputs, prediction.weights) if value is not None]
    torch.stack([(value * torch.linspace(-1, 1, value.shape[-1])).sum() for value in values]).sum().backward()
    return values + [p.grad for p in model.parameters() if p.grad is not None]


def main() -> None:
    """Reads the models from the command line and prints a JSON object."""
    perceptron.KEPT = 0  # type: ignore[misc]  # plain steps compute their pairs again, as they do for long sources
    results = {}
    for name in sys.argv[1:]:
        torch._dynamo.reset()
        torch._dynamo.utils.counters.clear()
        model = build(name)
        step = CompiledStep(model.decoder, backend="aot_eager")
        difference = 0.0
        for source_sizes, target_sizes in BATCHES:
            rows = [torch.randint(4, VOCAB_SIZE, (size,)).tolist() for size in source_sizes + target_sizes]
            batch = collate(rows[: len(source_sizes)], rows[len(source_sizes) :], range(len(source_sizes)))
            for plain, compiled in zip(found(model, batch, None), found(model, batch, step), strict=True):
                difference = max(difference, (plain - compiled).abs().max().item())
        counters = torch._dynamo.utils.counters
        graphs = counters["stats"]["unique_graphs"]
        results[name] = {"difference": difference, "graphs": graphs, "breaks": list(counters["graph_break"])}
    print(json.dumps(results))


if __name__ == "__main__":
    main()
