"""The logistic function."""

from math import exp
from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.activations import Activation
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import Operator


@final
class Sigmoid(Activation):
    """f = 1 / (1 + e^-z), f' = f (1 - f) (Rumelhart, Hinton & Williams 1986)."""

    year = 1986
    summary = "1/(1+e^-z): slope at most ¼, so gradients vanish with depth"
    spelled = MappingProxyType(
        {"keras": 'layers.Activation("sigmoid")', "pytorch": "nn.Sigmoid()", "numpy": "1 / (1 + np.exp(-np.maximum(x, -88)))"}
    )
    remark = "slope at most ¼: ten leave 1e-6"
    initializer = "glorot_uniform"
    in_place = True
    flat_below = 0.0025
    bounds = (0.0, 1.0)

    def operator(self) -> Operator | None:
        return Operator("Sigmoid")

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        self.write(x, out)

    @staticmethod
    def write(x: Array, out: Array) -> None:
        """Write the sigmoid of x into `out`, which may be x."""
        # e^-z must stay finite; below these limits f is smaller than the smallest normal number.
        np.maximum(x, -88.0 if x.dtype == np.float32 else -708.0, out=out)
        np.negative(out, out=out)
        np.exp(out, out=out)
        np.add(out, 1.0, out=out)
        np.reciprocal(out, out=out)

    def slope(self, x: Array, out: Array, slope: Array) -> None:
        np.subtract(1.0, out, out=slope)
        np.multiply(slope, out, out=slope)

    @staticmethod
    def compiled_value(z: float) -> float:
        return 1 / (exp(-z) + 1)

    @staticmethod
    def compiled_derivative(z: float, f: float) -> float:
        return (1 - f) * f

    @classmethod
    def mean_slope(cls, mean: float, spread: float, flat: float, **hyperparameters: float) -> float | None:
        # The mean of f (1 - f).
        return min(max(mean - (mean**2 + spread**2), 0.0), 1.0)
