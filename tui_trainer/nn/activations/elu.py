"""The exponential linear unit."""

from math import expm1, sqrt
from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.activations import Activation, Hyperparameter
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import Operator


@final
class ELU(Activation):
    """f = z where z > 0, else α (e^z - 1); f' = 1, else f + α (Clevert et al. 2016)."""

    year = 2016
    summary = "z, or α(e^z - 1) below 0: smooth, and means stay near 0"
    spelled = MappingProxyType(
        {
            "keras": "layers.ELU(alpha={0.alpha})",
            "pytorch": "nn.ELU({0.alpha})",
            "numpy": "np.where(x > 0, x, {0.alpha} * np.expm1(np.minimum(x, 0)))",
        }
    )
    remark = "slope fades below 0, smoothly"
    flat_below = 0.01

    alpha = Hyperparameter(1.0, "scale", least=0, usual=(0.01, 0.1, 0.25, 1))

    def operator(self) -> Operator | None:
        return Operator("Elu", {"alpha": self.alpha})

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        np.minimum(x, 0.0, out=scratch)
        np.expm1(scratch, out=scratch)
        np.multiply(scratch, self.alpha, out=scratch)
        np.maximum(x, 0.0, out=out)
        np.add(out, scratch, out=out)

    def slope(self, x: Array, out: Array, slope: Array) -> None:
        np.minimum(out, 0.0, out=slope)
        np.add(slope, self.alpha, out=slope)
        np.copyto(slope, 1.0, where=x > 0)

    @staticmethod
    def compiled_value(z: float, alpha: float) -> float:
        return alpha * expm1(z) if z <= 0 else z

    @staticmethod
    def compiled_derivative(z: float, f: float, alpha: float) -> float:
        return 1 if f > 0 else f + alpha

    @classmethod
    def mean_slope(cls, mean: float, spread: float, flat: float, **hyperparameters: float) -> float | None:
        # f' = f + α below 0; the mean of what is below 0 is that of a normal distribution.
        value = 1 - (1 - hyperparameters["alpha"]) / 2 + (mean - 0.8 * sqrt(mean**2 + spread**2)) / 2
        return min(max(value, 0.0), 1.0)
