"""Softplus."""

from math import exp, fabs, log1p
from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.activations import Activation
from tui_trainer.nn.activations.sigmoid import Sigmoid
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import Operator


@final
class Softplus(Activation):
    """f = ln(1 + e^z), f' = the sigmoid of z (Dugas et al. 2001)."""

    year = 2001
    summary = "ln(1+e^z): smooth, never 0, and so far from mean 0"
    spelled = MappingProxyType(
        {"keras": 'layers.Activation("softplus")', "pytorch": "nn.Softplus()", "numpy": "np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))"}
    )
    remark = "its slope is the sigmoid"
    flat_below = 0.01

    def operator(self) -> Operator:
        return Operator("Softplus")

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        # max(z, 0) + ln(1 + e^-|z|), which overflows for no z.
        np.abs(x, out=scratch)
        np.negative(scratch, out=scratch)
        np.exp(scratch, out=scratch)
        np.log1p(scratch, out=scratch)
        np.maximum(x, 0.0, out=out)
        np.add(out, scratch, out=out)

    def slope(self, x: Array, out: Array, slope: Array) -> None:
        Sigmoid.write(x, slope)

    @staticmethod
    def compiled_value(z: float) -> float:
        return max(z, 0) + log1p(exp(-fabs(z)))

    @staticmethod
    def compiled_derivative(z: float, f: float) -> float:
        return 1 / (exp(-z) + 1)
