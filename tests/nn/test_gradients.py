"""Every layer's gradient against central differences, in float64 (eps 1e-6, atol 1e-5, rtol 1e-3)."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_trainer.nn.activations import ACTIVATIONS, Activation
from tui_trainer.nn.initializers import initializer
from tui_trainer.nn.network import Network, Workspace, perceptron_layers

EPS = 1e-6


def network_of(
    activation: str | tuple[str, ...], hidden: tuple[int, ...], *, seed: int = 0, alpha: float | None = None, dropout: float = 0.0
) -> Network:
    own: Any = {} if alpha is None else {"alpha": alpha}
    activations = [
        partial(ACTIVATIONS[name], **own) for name in ((activation,) * len(hidden) if isinstance(activation, str) else activation)
    ]
    initializers = [initializer("glorot_normal")] * (len(hidden) + 1)
    layers = perceptron_layers(5, hidden, 4, activations=activations, initializers=initializers, dropout=dropout)
    network = Network(layers, np.float64)
    network.initialize(np.random.default_rng(seed))
    # Biases at 0 would leave a gradient that ignores them unnoticed.
    network.parameters += 0.1 * np.random.default_rng(seed + 1).normal(size=network.parameters.size)
    return network


def batch_of(network: Network, rows: int, seed: int = 2) -> Workspace:
    rng = np.random.default_rng(seed)
    batch = network.workspace(rows, training=True)
    batch.inputs[:] = rng.normal(size=batch.inputs.shape)
    batch.labels[:] = rng.integers(0, network.classes, rows)
    return batch


def mean_loss(network: Network, batch: Workspace) -> float:
    network.draw_from(np.random.default_rng(5))  # the same mask each time
    batch.forward()
    return batch.loss()[0] / batch.rows


def numeric_gradient(network: Network, batch: Workspace, name: str) -> np.ndarray:
    tensor = network.tensors[name].reshape(-1)
    gradient = np.empty(tensor.size)
    for index in range(tensor.size):
        kept = tensor[index]
        tensor[index] = kept + EPS
        above = mean_loss(network, batch)
        tensor[index] = kept - EPS
        below = mean_loss(network, batch)
        tensor[index] = kept
        gradient[index] = (above - below) / (2 * EPS)
    return gradient.reshape(network.tensors[name].shape)


def assert_gradients_agree(network: Network, batch: Workspace) -> None:
    mean_loss(network, batch)
    batch.backward()
    analytic = {name: gradient.copy() for name, gradient in network.gradient_tensors.items()}
    for name, gradient in analytic.items():
        np.testing.assert_allclose(gradient, numeric_gradient(network, batch, name), rtol=1e-3, atol=1e-5, err_msg=name)
        assert np.abs(gradient).max() > 0, f"{name} gets no gradient: the comparison would prove nothing"


@pytest.mark.parametrize("hidden", [(), (6,), (6, 6, 3)], ids=["softmax regression", "one hidden layer", "three hidden layers"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_backward_agrees_with_central_differences(activation: str, hidden: tuple[int, ...]) -> None:
    network = network_of(activation, hidden)
    assert_gradients_agree(network, batch_of(network, 7))


@pytest.mark.parametrize(("activation", "alpha"), [("leaky_relu", 0.3), ("prelu", 0.6), ("elu", 1.7), ("leaky_relu", 0.0)])
def test_backward_agrees_with_central_differences_for_other_alphas(activation: str, alpha: float) -> None:
    network = network_of(activation, (6, 5), alpha=alpha)
    assert_gradients_agree(network, batch_of(network, 7))


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "reversed"])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_backward_agrees_where_every_layer_has_another_activation(order: int, dropout: float) -> None:
    network = network_of(tuple(ACTIVATIONS)[::order], (8, 7, 8, 6, 7, 8, 7, 6, 8, 7)[: len(ACTIVATIONS)], dropout=dropout)
    assert [layer.kind for layer in network.layers if isinstance(layer, Activation)] == [
        kind.kind for kind in tuple(ACTIVATIONS.values())[::order]
    ]
    assert_gradients_agree(network, batch_of(network, 7))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_backward_agrees_with_central_differences_through_dropout(activation: str) -> None:
    network = network_of(activation, (8, 7), dropout=0.4)
    assert_gradients_agree(network, batch_of(network, 9))


@settings(max_examples=25)
@given(
    layers=st.lists(st.tuples(st.sampled_from(sorted(ACTIVATIONS)), st.integers(1, 5)), max_size=3),
    rows=st.integers(1, 6),
    seed=st.integers(0, 1000),
)
def test_backward_agrees_for_any_layers_and_batch(layers: list[tuple[str, int]], rows: int, seed: int) -> None:
    network = network_of(tuple(name for name, _ in layers), tuple(units for _, units in layers), seed=seed)
    batch = batch_of(network, rows, seed)
    mean_loss(network, batch)
    batch.backward()
    analytic = {name: gradient.copy() for name, gradient in network.gradient_tensors.items()}
    for name, gradient in analytic.items():
        np.testing.assert_allclose(gradient, numeric_gradient(network, batch, name), rtol=1e-3, atol=1e-5, err_msg=name)
