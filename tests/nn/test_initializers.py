"""Distributions of the first weights: bounds, variance, shape of the tail, and that layers and seeds differ."""

from functools import partial

import numpy as np
import pytest

from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.initializers import initializer
from tui_trainer.nn.network import Network, perceptron_layers

FAN_IN, FAN_OUT = 300, 500

EXPECTED_VARIANCE = {
    "uniform": 0.05**2 / 3,
    "glorot_uniform": 2 / (FAN_IN + FAN_OUT),
    "glorot_normal": 2 / (FAN_IN + FAN_OUT),
    "lecun_uniform": 1 / FAN_IN,
    "lecun_normal": 1 / FAN_IN,
    "orthogonal": 1 / max(FAN_IN, FAN_OUT),
    "zeros": 0.0,
    "he_uniform": 2 / FAN_IN,
    "he_normal": 2 / FAN_IN,
}
BOUND = {
    "uniform": 0.05,
    "glorot_uniform": (6 / (FAN_IN + FAN_OUT)) ** 0.5,
    "he_uniform": (6 / FAN_IN) ** 0.5,
    "lecun_uniform": (3 / FAN_IN) ** 0.5,
}


@pytest.mark.parametrize("name", [name for name, variance in EXPECTED_VARIANCE.items() if variance])
def test_mean_and_variance(name: str) -> None:
    weights = initializer(name).draw(np.random.default_rng(1), FAN_IN, FAN_OUT)
    assert weights.shape == (FAN_IN, FAN_OUT)
    assert initializer(name).deviation(FAN_IN, FAN_OUT) == pytest.approx(EXPECTED_VARIANCE[name] ** 0.5)
    deviation = EXPECTED_VARIANCE[name] ** 0.5
    # Five standard errors of the mean and of the variance, of 150,000 draws.
    assert abs(weights.mean()) < 5 * deviation / weights.size**0.5
    assert abs(weights.var() / EXPECTED_VARIANCE[name] - 1) < 5 * (2 / weights.size) ** 0.5


@pytest.mark.parametrize("name", BOUND)
def test_uniform_ones_fill_their_interval(name: str) -> None:
    weights = initializer(name).draw(np.random.default_rng(1), FAN_IN, FAN_OUT)
    assert np.abs(weights).max() <= BOUND[name]
    quarters, _ = np.histogram(weights, 4, (-BOUND[name], BOUND[name]))
    np.testing.assert_allclose(quarters / weights.size, 0.25, atol=0.01)


@pytest.mark.parametrize("name", ["glorot_normal", "he_normal", "lecun_normal"])
def test_normal_ones_are_not_truncated(name: str) -> None:
    weights = initializer(name).draw(np.random.default_rng(1), FAN_IN, FAN_OUT) / EXPECTED_VARIANCE[name] ** 0.5
    for deviations, share in ((1, 0.3173), (2, 0.0455), (3, 0.0027)):
        assert np.mean(np.abs(weights) > deviations) == pytest.approx(share, abs=0.003)
    assert np.abs(weights).max() > 4


@pytest.mark.parametrize(("fan_in", "fan_out"), [(30, 20), (20, 30), (5, 5), (1, 4)])
def test_the_orthogonal_one_turns_and_does_not_stretch(fan_in: int, fan_out: int) -> None:
    weights = initializer("orthogonal", gain=1.5).draw(np.random.default_rng(1), fan_in, fan_out)
    assert weights.shape == (fan_in, fan_out)
    small = weights if fan_in >= fan_out else weights.T
    np.testing.assert_allclose(small.T @ small, 2.25 * np.eye(min(fan_in, fan_out)), atol=1e-12)


def test_no_weights_make_units_that_stay_alike() -> None:
    layers = perceptron_layers(5, (4, 4), 3, activations=[ACTIVATIONS["tanh"]] * 2, initializers=[initializer("zeros")] * 3)
    network = Network(layers)
    network.initialize(np.random.default_rng(0))
    assert not network.parameters.any()


def test_uniform_limit_is_the_half_width() -> None:
    weights = initializer("uniform", uniform_limit=2.0).draw(np.random.default_rng(1), 100, 100)
    assert 1.99 < np.abs(weights).max() <= 2.0


def test_a_network_starts_from_its_seed_alone_with_biases_at_zero_and_slopes_at_alpha() -> None:
    def start(seed: int) -> Network:
        he_normal = [initializer("he_normal")] * 3
        layers = perceptron_layers(20, (8, 8), 10, activations=[partial(ACTIVATIONS["prelu"], alpha=0.3)] * 2, initializers=he_normal)
        network = Network(layers)
        network.initialize(np.random.default_rng(seed))
        return network

    one, same, other = start(1), start(1), start(2)
    assert one.parameters.tobytes() == same.parameters.tobytes()
    for name, tensor in one.tensors.items():
        if name.endswith("bias"):
            assert not tensor.any()
        elif name.endswith("alpha"):
            np.testing.assert_array_equal(tensor, np.float32(0.3))
        else:
            assert not np.array_equal(tensor, other.tensors[name])
