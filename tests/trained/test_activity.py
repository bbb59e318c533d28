"""What lights up in a network, against NumPy by hand."""

from typing import Any

import numpy as np
import pytest

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Split
from tui_trainer.nn.network import Network
from tui_trainer.trained.activity import BINS, CONNECTIONS, REFERENCES, activity, in_turn, references
from tui_trainer.training.model import build_network

RNG = np.random.default_rng(5)


def network(**options: Any) -> Network:
    built = build_network(Config.parse({"hidden": "12,7", **options}), 9, 3)
    built.initialize(np.random.default_rng(1))
    return built


def test_outputs_connections_and_dead_units_are_those_of_numpy() -> None:
    model, image, others = network(activation="relu"), RNG.random(9).astype(np.float32), RNG.random((20, 9)).astype(np.float32)
    model.tensors["dense_1.bias"][4] = -100  # so that it never fires
    found = activity(model, image, others)
    x = np.concatenate([image[None], others]).astype(np.float64)
    inputs = x[0]
    for number, layer in enumerate(found.layers, 1):
        weight, bias = (model.tensors[f"dense_{number}.{name}"] for name in ("weight", "bias"))
        x = x @ weight + bias if number == 3 else np.maximum(x @ weight + bias, 0)
        np.testing.assert_allclose(layer.shares, np.abs(x[0]) / np.abs(x).max(), rtol=1e-4, atol=1e-6)
        assert layer.lit == (np.abs(x[0]) > 0.1 * np.abs(x).max()).sum()
        np.testing.assert_array_equal(layer.dead, (x == x[0]).all(axis=0))
        assert layer.difference == pytest.approx((x[1:].std(axis=0) / np.abs(x).max()).mean(), rel=1e-3)
        assert not layer.says_nothing
        comes = inputs[:, None] * weight
        assert layer.connections is not None
        strongest = np.unravel_index(np.abs(comes).argmax(), comes.shape)
        assert (layer.connections.inputs[0], layer.connections.units[0]) == strongest
        assert layer.connections.raises[0] == (comes[strongest] > 0)
        assert len(layer.connections.inputs) == min(CONNECTIONS, np.count_nonzero(comes))
        assert layer.strengths.mean() == pytest.approx(np.abs(weight).mean(), rel=0.2)
        assert all(length <= most for length, most in zip(layer.strengths.shape, BINS, strict=True))
        inputs = x[0]
    assert found.layers[0].dead[4]
    np.testing.assert_allclose(found.probabilities, np.exp(x[0]) / np.exp(x[0]).sum(), rtol=1e-4)


def test_deep_sigmoids_say_the_same_for_every_image_and_numbers_beyond_measure_are_told() -> None:
    model = network(hidden="20x8", activation="sigmoid", initializer="uniform")
    found = activity(model, RNG.random(9).astype(np.float32), RNG.random((20, 9)).astype(np.float32))
    differences = [layer.difference or 0.0 for layer in found.layers[:-1]]
    assert differences == sorted(differences, reverse=True)
    assert found.layers[-2].says_nothing
    assert found.layers[-2].lit == 20
    alone = activity(model, np.zeros(9, np.float32), np.empty((0, 9), np.float32))
    assert not alone.layers[0].says_nothing
    assert not alone.layers[0].dead.any()
    model.tensors["dense_2.weight"][:] = np.nan
    assert not activity(model, np.zeros(9, np.float32), np.empty((0, 9), np.float32)).is_finite


def test_classes_take_turns() -> None:
    assert in_turn(np.array([2, 2, 1, 0, 2, 0])).tolist() == [3, 2, 0, 5, 1, 4]
    assert in_turn(np.empty(0, np.intp)).tolist() == []
    images = RNG.integers(0, 256, (300, 4), dtype=np.uint8)
    shown = references(Split(images, np.arange(300) % 3))
    assert shown.shape == (REFERENCES, 4)
    np.testing.assert_allclose(shown[0], images[0] / 255, rtol=1e-6)
