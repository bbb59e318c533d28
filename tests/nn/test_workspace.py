"""What a step needs is allocated before it, and training and evaluation each get the layers that they need."""

import tracemalloc

import numpy as np
import pytest

from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.initializers import initializer
from tui_trainer.nn.network import Network, Workspace, perceptron_layers
from tui_trainer.nn.optimizers import OPTIMIZERS

ROWS = 64
HIDDEN = (96,) * 12


def network_of(activation: str, dropout: float = 0.0) -> Network:
    layers = perceptron_layers(
        50,
        HIDDEN,
        10,
        activations=[ACTIVATIONS[activation]] * len(HIDDEN),
        initializers=[initializer("glorot_normal")] * (len(HIDDEN) + 1),
        dropout=dropout,
    )
    network = Network(layers)
    network.initialize(np.random.default_rng(0))
    network.draw_from(np.random.default_rng(1))
    return network


def filled(network: Network, *, training: bool) -> Workspace:
    batch = network.workspace(ROWS, training=training)
    rng = np.random.default_rng(2)
    batch.inputs[:] = rng.normal(size=batch.inputs.shape)
    batch.labels[:] = rng.integers(0, network.classes, ROWS)
    return batch


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_step_keeps_nothing_and_needs_no_more_for_more_layers(activation: str) -> None:
    network = network_of(activation, dropout=0.2)
    batch = filled(network, training=True)
    optimizer = OPTIMIZERS["adam"](network.parameters, network.gradients)

    def step() -> None:
        batch.forward()
        batch.loss()
        batch.backward()
        optimizer.step(0.01)

    step()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        step()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # NumPy copies one layer's gradient for a moment where it multiplies arrays of different orders.
    assert peak - before < 3 * ROWS * HIDDEN[0] * 4
    assert after - before < ROWS * HIDDEN[0]


def test_training_and_evaluation_have_each_their_own_runs() -> None:
    network = network_of("tanh", dropout=0.5)
    training, evaluation = network.workspace(ROWS, training=True), network.workspace(ROWS)
    assert [run.layer for run in training.runs] == list(network.layers)
    assert [run.layer.kind for run in evaluation.runs] == ["Dense", "Tanh"] * len(HIDDEN) + ["Dense"]
    assert network.workspace(ROWS) is evaluation
    assert [(name, weights, units.layer.kind) for name, weights, units in training.measured()] == [
        *((f"dense_{number}", f"dense_{number}.weight", "Tanh") for number in range(1, 13)),
        ("dense_13", "dense_13.weight", "Dense"),
    ]
