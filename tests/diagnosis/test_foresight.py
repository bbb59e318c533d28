"""What is foreseen of an untrained network, held against what its first step measures."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset, Split, load
from tui_trainer.datasets.spec import MNIST_SPEC
from tui_trainer.diagnosis.factors import slope
from tui_trainer.diagnosis.foresight import foresee, moments, turn
from tui_trainer.diagnosis.replay import first_measurement
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.initializers import INITIALIZERS
from tui_trainer.training.events import LayerHealth

TEN: dict[str, Any] = {"hidden": "100x10", "initializer": "uniform"}


@cache
def some_digits() -> Dataset:
    whole = load("mnist")
    return Dataset("some", Split(whole.training.images[:200], whole.training.labels[:200]), None, whole.spec)


def holds(options: dict[str, Any], factor: float = 10) -> None:
    """Each layer's gradient, and what is left of it at the first layer, is measured within a factor."""
    config = Config.parse({**options, "optimizer": "sgd", "threads": 1, "validation": 100})
    measured, foreseen = first_measurement(config, some_digits()), foresee(config, MNIST_SPEC)
    assert measured is not None
    assert foreseen.names == measured.names
    norms, expected = np.array(measured.figure("gradient_norm")), np.array(foreseen.figure("gradient_norm"))
    assert np.abs(np.log10(expected / norms)).max() < np.log10(factor)
    assert abs(np.log10(expected[0] / expected[-1] * norms[-1] / norms[0])) < np.log10(factor)
    weights = np.array(measured.figure("weight_norm")) / foreseen.figure("weight_norm")
    np.testing.assert_allclose(weights, 1, atol=0.1)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("initializer", [name for name in INITIALIZERS if name != "zeros"])
@pytest.mark.parametrize("hidden", ["32x3", "32x10"])
def test_gradients_are_foreseen_within_a_factor_of_ten(activation: str, initializer: str, hidden: str) -> None:
    # Softplus puts out much the same for all samples, whose gradients then add up.
    holds({"hidden": hidden, "activation": activation, "initializer": initializer}, 20 if activation == "softplus" else 10)


def test_of_weights_that_are_0_nothing_is_foreseen_to_come() -> None:
    for activation in ACTIVATIONS:
        config = Config.parse({"hidden": "32x3", "activation": activation, "initializer": "zeros", "threads": 1, "validation": 100})
        foreseen, measured = foresee(config, MNIST_SPEC), first_measurement(config, some_digits())
        assert measured is not None
        assert [*foreseen.figure("gradient_norm")[:-1]] == [0, 0, 0] == [*measured.figure("gradient_norm")[:-1]]
        assert turn(foreseen).told() == "nothing of the gradient reaches dense_1"


@pytest.mark.parametrize(
    "options",
    [
        {"hidden": "64x10", "dropout": 0.5},
        {"hidden": "128,64,32,16", "activation": "tanh,relu,elu,sigmoid"},
        {"hidden": "64x10", "initializer": "uniform", "uniform_limit": 0.5, "activation": "tanh"},
        {"hidden": "64x10", "activation": "prelu", "alpha": 0.9},
        {"hidden": "none"},
    ],
)
def test_they_are_foreseen_with_dropout_and_in_layers_of_many_kinds_too(options: dict[str, Any]) -> None:
    holds(options)


@pytest.mark.parametrize(
    ("options", "brief", "told"),
    [
        (TEN | {"activation": "sigmoid"}, "gradient ÷ 2e11", "the gradient shrinks some 2e11 times on its way to dense_1"),
        (TEN, "signal ÷ 3e6", "the signal shrinks some 3e6 times on its way to dense_11"),
        (TEN | {"uniform_limit": 1.0}, "signal × 4e6", "the signal grows some 4e6 times on its way to dense_11"),
        (TEN | {"uniform_limit": 1.0, "activation": "tanh"}, "gradient × 397", "the gradient grows some 397 times on its way to dense_1"),
        ({"hidden": "100x200", "activation": "sigmoid"}, "gradient × 0", "nothing of the gradient reaches dense_1"),
        (
            {"hidden": "100x99", "uniform_limit": 1.0, "initializer": "uniform"},
            "gradient × inf",
            "the gradient overflows on its way to dense_1",
        ),
    ],
)
def test_what_is_far_from_level_is_told_in_figures(options: dict[str, Any], brief: str, told: str) -> None:
    found = turn(foresee(Config.parse(options), MNIST_SPEC))
    assert (found.is_far, found.briefly(), found.told()) == (True, brief, told)


@pytest.mark.parametrize(
    "options", [{}, {"hidden": "none"}, {"hidden": "100x10"}, {"hidden": "64x5", "activation": "tanh", "dropout": 0.3}]
)
def test_a_network_with_the_weights_made_for_it_is_level(options: dict[str, Any]) -> None:
    assert not turn(foresee(Config.parse(options), MNIST_SPEC)).is_far


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_slope_follows_from_what_is_measured_of_a_layer(activation: str) -> None:
    config = Config.parse({"hidden": "9", "activation": activation})
    kind = ACTIVATIONS[activation]
    found = moments(kind, 1.0, **config.own(kind))
    measured = LayerHealth("dense_1", 0, 1, 0, found.mean, (found.square - found.mean**2) ** 0.5, 0, found.flat)
    assert slope(config, 0, measured) == pytest.approx(found.slope_square**0.5, rel=0.25)


def test_the_moments_are_those_of_a_normal_distribution() -> None:
    relu, tanh = moments(ACTIVATIONS["relu"], 4.0), moments(ACTIVATIONS["tanh"], 1e-6)
    assert relu == pytest.approx((2 / np.sqrt(2 * np.pi), 2.0, 0.5, 0.5), rel=1e-3)
    assert tanh == pytest.approx((0, 1e-6, 1, 0), abs=1e-5)
    # Steep beside its inputs, a sigmoid is a step.
    assert moments(ACTIVATIONS["sigmoid"], 1e8) == pytest.approx((0.5, 0.5, 0, 1), abs=1e-2)
