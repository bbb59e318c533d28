"""The rectifier."""

from math import sqrt
from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.activations import Activation
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import Operator


@final
class ReLU(Activation):
    """f = max(z, 0), f' = 1 where z > 0, else 0 (Nair & Hinton 2010)."""

    name = "relu"
    year = 2010
    summary = "max(z, 0): fast, but a unit that is negative for every image is dead"
    spelled = MappingProxyType({"keras": "layers.ReLU()", "pytorch": "nn.ReLU()", "numpy": "np.maximum(x, 0)"})
    remark = "slope 0 below 0: the dead half"
    in_place = True

    def operator(self) -> Operator | None:
        return Operator("Relu")

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        np.maximum(x, 0.0, out=out)

    def slope(self, x: Array, out: Array, slope: Array) -> None:
        np.sign(out, out=slope)

    @staticmethod
    def compiled_value(z: float) -> float:
        # In this form a NaN stays NaN.
        return 0 if z <= 0 else z

    @staticmethod
    def compiled_derivative(z: float, f: float) -> float:
        return 1 if f > 0 else 0

    @classmethod
    def mean_slope(cls, mean: float, spread: float, flat: float, **hyperparameters: float) -> float | None:
        # 1 where the output is above 0, else 0. Squares are averaged, as norms add up.
        return sqrt(min(max(1 - flat, 0), 1))
