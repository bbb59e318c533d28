"""Values and slopes of the activations, at the points where they are delicate."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from tui_trainer.nn.activations import ACTIVATIONS, Activation

FINITE = st.floats(-3.0000000054977558e38, 3.0000000054977558e38, width=32)


def make(name: str, units: int, dtype: type = np.float32, alpha: float | None = None) -> Activation:
    layer = ACTIVATIONS[name](units, **({} if alpha is None else {"alpha": alpha}))
    parameters: dict[str, NDArray[Any]] = {key: np.zeros(shape, dtype) for key, shape in layer.shapes().items()}
    layer.bind(parameters, {key: np.zeros_like(value) for key, value in parameters.items()})
    layer.initialize(np.random.default_rng(0))
    return layer


def value_and_slope(name: str, z: list[float], dtype: type = np.float64, alpha: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    x: NDArray[Any] = np.array([z], dtype)
    layer = make(name, len(z), dtype, alpha)
    out, scratch, gradient = np.empty_like(x), np.empty_like(x), np.ones_like(x)
    layer.forward(x, out, scratch)
    layer.backward(x, out, gradient, scratch)
    return out[0], gradient[0]


SIGMOID_1, SIGMOID_2, SIGMOID_3 = (1 / (1 + math.exp(-z)) for z in (1, 2, 3))
PHI_M1, PHI_2, DENSITY_1 = 0.5 * math.erfc(math.sqrt(0.5)), 0.5 * math.erfc(-math.sqrt(2)), math.exp(-0.5) / math.sqrt(2 * math.pi)
SCALE, ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717

EXACT: dict[str, tuple[list[float], list[float], list[float]]] = {
    "sigmoid": ([-1, 0, 1], [1 - SIGMOID_1, 0.5, SIGMOID_1], [SIGMOID_1 * (1 - SIGMOID_1), 0.25, SIGMOID_1 * (1 - SIGMOID_1)]),
    "tanh": ([-1, 0, 1], [-math.tanh(1), 0, math.tanh(1)], [1 - math.tanh(1) ** 2, 1, 1 - math.tanh(1) ** 2]),
    "relu": ([-2, 0, 3], [0, 0, 3], [0, 0, 1]),
    "leaky_relu": ([-2, 0, 3], [-0.02, 0, 3], [0.01, 0.01, 1]),
    "prelu": ([-2, 0, 3], [-0.5, 0, 3], [0.25, 0.25, 1]),
    "gelu": ([-1, 0, 2], [-PHI_M1, 0, 2 * PHI_2], [PHI_M1 - DENSITY_1, 0.5, PHI_2 + 2 * math.exp(-2) / math.sqrt(2 * math.pi)]),
    "silu": ([-1, 0, 1], [SIGMOID_1 - 1, 0, SIGMOID_1], [(1 - SIGMOID_1) * (1 - SIGMOID_1), 0.5, SIGMOID_1 * (2 - SIGMOID_1)]),
    "selu": ([-2, 0, 3], [SCALE * ALPHA * math.expm1(-2), 0, 3 * SCALE], [SCALE * ALPHA * math.exp(-2), SCALE * ALPHA, SCALE]),
    "softplus": ([-2, 0, 3], [math.log1p(math.exp(-2)), math.log(2), math.log1p(math.exp(3))], [1 - SIGMOID_2, 0.5, SIGMOID_3]),
    "elu": ([-2, 0, 3], [math.expm1(-2), 0, 3], [math.exp(-2), 1, 1]),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_and_slopes(name: str) -> None:
    z, values, slopes = EXACT[name]
    value, slope = value_and_slope(name, [float(x) for x in z])
    np.testing.assert_allclose(value, values, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(slope, slopes, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "alpha", "value", "slope"),
    [("leaky_relu", 0.2, -0.4, 0.2), ("prelu", 0.5, -1.0, 0.5), ("elu", 2.0, 2 * math.expm1(-2), 2 * math.exp(-2))],
)
def test_alpha_changes_the_negative_side(name: str, alpha: float, value: float, slope: float) -> None:
    values, slopes = value_and_slope(name, [-2.0, 2.0], alpha=alpha)
    np.testing.assert_allclose(values, [value, 2.0], rtol=1e-12)
    np.testing.assert_allclose(slopes, [slope, 1.0], rtol=1e-12)


def test_prelu_has_a_slope_for_each_unit_and_sums_its_gradient_over_the_batch() -> None:
    layer = ACTIVATIONS["prelu"](2)
    slopes, slopes_gradient = np.array([0.5, 0.1]), np.zeros(2)
    layer.bind({"alpha": slopes}, {"alpha": slopes_gradient})
    x = np.array([[-1.0, 2.0], [-3.0, -4.0]])
    out, scratch = np.empty_like(x), np.empty_like(x)
    layer.forward(x, out, scratch)
    np.testing.assert_allclose(out, [[-0.5, 2.0], [-1.5, -0.4]])
    gradient = np.array([[1.0, 10.0], [100.0, 1000.0]])
    layer.backward(x, out, gradient, scratch)
    np.testing.assert_allclose(slopes_gradient, [-301.0, -4000.0])
    np.testing.assert_allclose(gradient, [[0.5, 10.0], [50.0, 100.0]])


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(z=arrays(np.float32, (2, 3), elements=FINITE))
def test_no_finite_input_overflows(name: str, z: np.ndarray) -> None:
    layer = make(name, 3)
    out, scratch, gradient = np.empty_like(z), np.empty_like(z), np.ones_like(z)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        layer.forward(z, out, scratch)
        if name != "prelu":  # whose slope gradient is a sum of inputs, and may be as large as they are
            layer.backward(z, out, gradient, scratch)
    assert np.isfinite(out).all()
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("name", [name for name, kind in ACTIVATIONS.items() if kind.in_place])
def test_working_in_place_changes_nothing(name: str) -> None:
    z = np.random.default_rng(0).normal(size=(4, 3))
    apart, scratch = np.empty_like(z), np.empty_like(z)
    layer = make(name, 3, np.float64)
    layer.forward(z, apart, scratch)
    layer.forward(z, z, scratch)
    np.testing.assert_array_equal(z, apart)
