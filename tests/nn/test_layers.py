"""Dropout, and what evaluation makes of it."""

import numpy as np
import pytest

from tui_trainer.nn.activations.relu import ReLU
from tui_trainer.nn.dropout import Dropout
from tui_trainer.nn.initializers import initializer
from tui_trainer.nn.network import Network, perceptron_layers


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_dropout_zeroes_its_share_and_keeps_the_expectation(rate: float) -> None:
    layer = Dropout(500, rate)
    layer.rng = np.random.default_rng(0)
    x = np.ones((400, 500), np.float32)
    out, scratch = np.empty_like(x), np.empty_like(x)
    layer.forward(x, out, scratch)
    dropped = out == 0
    assert dropped.mean() == pytest.approx(rate, abs=0.01)
    np.testing.assert_allclose(out[~dropped], 1 / (1 - rate), rtol=1e-6)
    gradient = np.full_like(x, 3)
    layer.backward(x, out, gradient, scratch)
    np.testing.assert_array_equal(gradient, 3 * out)
    layer.forward(x, out, scratch)
    assert not np.array_equal(dropped, out == 0)


def test_evaluation_leaves_dropout_out() -> None:
    def network(dropout: float) -> Network:
        layers = perceptron_layers(6, (8, 8), 3, activations=[ReLU] * 2, initializers=[initializer("he_normal")] * 3, dropout=dropout)
        made = Network(layers)
        made.initialize(np.random.default_rng(0))
        return made

    x = np.random.default_rng(1).normal(size=(5, 6)).astype(np.float32)
    logits = []
    for made in (network(0.5), network(0.0)):
        batch = made.workspace(5)
        batch.inputs[:] = x
        batch.forward()
        logits.append(batch.logits.copy())
    np.testing.assert_array_equal(logits[0], logits[1])
    assert [layer.name for layer in network(0.5).layers if layer.kind == "Dropout"] == ["dropout_1", "dropout_2"]
