"""The hyperbolic tangent."""

from math import tanh
from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.activations import Activation
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import Operator


@final
class Tanh(Activation):
    """f = tanh z, f' = 1 - f² (LeCun, Kanter & Solla 1991)."""

    year = 1991
    summary = "tanh z: symmetric around 0, slope 1 there, flat far out"
    spelled = MappingProxyType({"keras": 'layers.Activation("tanh")', "pytorch": "nn.Tanh()", "numpy": "np.tanh(x)"})
    remark = "slope 1 at 0, flat far out"
    initializer = "glorot_uniform"
    in_place = True
    flat_below = 0.01
    bounds = (-1.0, 1.0)

    def operator(self) -> Operator | None:
        return Operator("Tanh")

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        np.tanh(x, out=out)

    def slope(self, x: Array, out: Array, slope: Array) -> None:
        np.multiply(out, out, out=slope)
        np.subtract(1.0, slope, out=slope)

    @staticmethod
    def compiled_value(z: float) -> float:
        return tanh(z)

    @staticmethod
    def compiled_derivative(z: float, f: float) -> float:
        return 1 - f * f

    @classmethod
    def mean_slope(cls, mean: float, spread: float, flat: float, **hyperparameters: float) -> float | None:
        # The mean of 1 - f².
        return min(max(1 - (mean**2 + spread**2), 0.0), 1.0)
