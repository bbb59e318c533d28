"""Normalization and skips: gradients, statistics, and what evaluation makes of them."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from test_gradients import assert_gradients_agree, batch_of

from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.initializers import INITIALIZERS
from tui_trainer.nn.network import Network, perceptron_layers
from tui_trainer.nn.normalization import NORMALIZATIONS


def network_of(
    hidden: Sequence[int], normalization: str | None, *, after: bool = False, residual: int = 0, activation: str = "tanh"
) -> Network:
    layers = perceptron_layers(
        5,
        hidden,
        4,
        activations=[ACTIVATIONS[activation]] * len(hidden),
        initializers=[INITIALIZERS["glorot_normal"]()] * (len(hidden) + 1),
        normalizations=[NORMALIZATIONS[normalization]] * len(hidden) if normalization else (),
        normalizes_after=after,
        residual=residual,
    )
    network = Network(layers, np.float64)
    network.initialize(np.random.default_rng(0))
    network.parameters += 0.1 * np.random.default_rng(1).normal(size=network.parameters.size)
    return network


@pytest.mark.parametrize(("normalization", "after"), product([None, *NORMALIZATIONS], [False, True]))
@pytest.mark.parametrize(("hidden", "residual"), [((6, 6, 6), 0), ((6, 6, 6), 1), ((6, 7, 6, 9), 1), ((6, 7, 9, 7, 6), 2)])
def test_gradients_agree_with_central_differences(normalization: str | None, after: bool, hidden: tuple[int, ...], residual: int) -> None:
    network = network_of(hidden, normalization, after=after, residual=residual)
    assert_gradients_agree(network, batch_of(network, 11))


def test_a_skip_adds_what_came_in() -> None:
    network = network_of((6, 6, 6, 6, 6), None, residual=2, activation="relu")
    assert [layer.name for layer in network.layers if layer.kind in ("Dense", "Residual")] == [
        "dense_1", "dense_2", "dense_3", "residual_1", "dense_4", "dense_5", "residual_2", "dense_6"
    ]  # fmt: skip
    batch = batch_of(network, 3)
    batch.forward()

    def dense(number: int, x: np.ndarray) -> np.ndarray:
        out: np.ndarray = x @ network.tensors[f"dense_{number}.weight"] + network.tensors[f"dense_{number}.bias"]
        return out

    first = dense(1, batch.inputs)
    third = dense(3, np.maximum(dense(2, np.maximum(first, 0)), 0)) + first
    fifth = dense(5, np.maximum(dense(4, np.maximum(third, 0)), 0)) + third
    np.testing.assert_allclose(batch.logits, dense(6, np.maximum(fifth, 0)))


def test_a_skip_whose_layers_do_nothing_hands_the_gradient_on_as_it_is() -> None:
    network = network_of((6, 6), None, residual=1)
    network.tensors["dense_2.weight"][:] = 0
    batch = batch_of(network, 3)
    batch.forward()
    batch.loss()
    batch.backward()
    np.testing.assert_allclose(network.gradient_tensors["dense_1.bias"], network.gradient_tensors["dense_2.bias"])


def test_batch_norm_evaluates_by_what_it_saw_and_learned_from() -> None:
    network = network_of((6,), "batch", activation="relu")
    training = batch_of(network, 50)
    z = training.inputs @ network.tensors["dense_1.weight"]
    training.forward()
    training.loss()
    assert not network.tensors["batch_norm_1.running_mean"].any()  # until a batch is learned from
    for _ in range(300):
        training.forward()
        training.loss()
        training.backward()
    np.testing.assert_allclose(network.tensors["batch_norm_1.running_mean"], z.mean(axis=0))
    np.testing.assert_allclose(network.tensors["batch_norm_1.running_var"], z.var(axis=0, ddof=1))
    evaluation = network.workspace(50)
    evaluation.inputs[:] = training.inputs
    evaluation.forward()
    standard = (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0, ddof=1) + 1e-5)
    hidden = np.maximum(standard * network.tensors["batch_norm_1.weight"] + network.tensors["batch_norm_1.bias"], 0)
    np.testing.assert_allclose(evaluation.logits, hidden @ network.tensors["dense_2.weight"] + network.tensors["dense_2.bias"])


def test_a_batch_of_one_is_normalized_by_the_running_means() -> None:
    network = network_of((6, 6), "batch", residual=1)
    for name, tensor in network.tensors.items():
        if "running" in name:
            tensor[:] = np.linspace(0.5, 1.5, 6)
    batch = batch_of(network, 1)
    before = network.state.copy()
    assert_gradients_agree(network, batch)
    np.testing.assert_array_equal(network.state, before)
    batch.forward()
    evaluation = network.workspace(1)
    evaluation.inputs[:] = batch.inputs
    evaluation.forward()
    np.testing.assert_allclose(evaluation.logits, batch.logits)


def test_layer_norm_is_the_same_in_training_and_evaluation_whatever_the_batch() -> None:
    network = network_of((6, 6), "layer", after=True)
    batch = batch_of(network, 7)
    batch.forward()
    alone = network.workspace(1)
    for row in range(7):
        alone.inputs[:] = batch.inputs[row]
        alone.forward()
        np.testing.assert_allclose(alone.logits[0], batch.logits[row])


@pytest.mark.parametrize(("normalization", "after", "has_bias"), [("batch", False, False), ("batch", True, True), ("layer", False, True)])
def test_a_bias_that_normalization_would_take_away_is_left_out(normalization: str, after: bool, has_bias: bool) -> None:
    network = network_of((6, 6), normalization, after=after)
    assert ("dense_1.bias" in network.tensors) is has_bias
    assert "dense_3.bias" in network.tensors


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_health_looks_at_the_activation_wherever_normalization_stands(normalization: str) -> None:
    for after in (False, True):
        network = network_of((6, 6), normalization, after=after, residual=1)
        measured = [(one.name, one.units.layer.kind) for one in network.workspace(4).measured()]
        assert measured == [("dense_1", "Tanh"), ("dense_2", "Tanh"), ("dense_3", "Dense")]
