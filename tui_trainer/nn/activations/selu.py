"""The scaled exponential linear unit."""

from math import expm1
from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.activations import Activation
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import Operator

ALPHA = 1.6732632423543772848170429916717
SCALE = 1.0507009873554804934193349852946
"""What keeps mean 0 and variance 1 from layer to layer."""


@final
class SELU(Activation):
    """f = λz where z > 0, else λα (e^z - 1); f' = λ, else f + λα, with λ = 1.0507 and α = 1.6733 (Klambauer et al. 2017).

    Made for LeCun's normal weights: then mean and variance of the outputs come back to 0 and 1.
    """

    year = 2017
    summary = "ELU scaled so that mean 0 and variance 1 keep themselves"
    spelled = MappingProxyType(
        {
            "keras": 'layers.Activation("selu")',
            "pytorch": "nn.SELU()",
            "numpy": "1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))",
        }
    )
    remark = "slope above 1 right of 0"
    initializer = "lecun_normal"
    flat_below = 0.01

    def operator(self) -> Operator:
        return Operator("Selu")

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        np.minimum(x, 0.0, out=scratch)
        np.expm1(scratch, out=scratch)
        np.multiply(scratch, ALPHA, out=scratch)
        np.maximum(x, 0.0, out=out)
        np.add(out, scratch, out=out)
        np.multiply(out, SCALE, out=out)

    def slope(self, x: Array, out: Array, slope: Array) -> None:
        np.minimum(out, 0.0, out=slope)
        np.add(slope, SCALE * ALPHA, out=slope)
        np.copyto(slope, SCALE, where=x > 0)

    @staticmethod
    def compiled_value(z: float) -> float:
        return SCALE * (ALPHA * expm1(z)) if z <= 0 else SCALE * z

    @staticmethod
    def compiled_derivative(z: float, f: float) -> float:
        return SCALE if f > 0 else f + SCALE * ALPHA
