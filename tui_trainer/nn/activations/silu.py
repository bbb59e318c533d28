"""The sigmoid-weighted linear unit, also called swish."""

from math import exp
from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.activations import Activation
from tui_trainer.nn.activations.sigmoid import Sigmoid
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import Composed
from tui_trainer.nn.normal import AT_ONCE


@final
class SiLU(Activation):
    """f = z σ(z), f' = σ(z) (1 + z (1 - σ(z))), with σ the sigmoid (Elfwing et al. 2017; Ramachandran et al. 2017 as swish)."""

    name = "silu"
    year = 2017
    summary = "z times its sigmoid (swish): a smooth ReLU, found by a search"
    spelled = MappingProxyType(
        {"keras": 'layers.Activation("silu")', "pytorch": "nn.SiLU()", "numpy": "x / (1 + np.exp(-np.maximum(x, -88)))"}
    )
    remark = "dips below 0, then fades"
    flat_below = 0.01

    def operator(self) -> Composed:
        return Composed(("Sigmoid", ("x",), "share"), ("Mul", ("x", "share"), "out"))

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        Sigmoid.write(x, scratch)
        np.multiply(x, scratch, out=out)

    def slope(self, x: Array, out: Array, slope: Array) -> None:
        Sigmoid.write(x, slope)
        rows = max(AT_ONCE // x.shape[1], 1)
        for start in range(0, len(x), rows):
            z, share = x[start : start + rows], slope[start : start + rows]
            # Where 1 - σ is 0, z may be as large as it will.
            share *= 1 + np.minimum(z, 100) * (1 - share)

    @staticmethod
    def compiled_value(z: float) -> float:
        return z / (exp(-z) + 1)

    @staticmethod
    def compiled_derivative(z: float, f: float) -> float:
        share = 1 / (exp(-z) + 1)
        return share * (1 + z * (1 - share))
