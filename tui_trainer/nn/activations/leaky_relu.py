"""A rectifier with a small slope below 0."""

from math import sqrt
from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.activations import Activation, Hyperparameter
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import Operator


@final
class LeakyReLU(Activation):
    """f = z where z > 0, else αz; f' = 1, else α (Maas et al. 2013). α ≥ 0."""

    name = "leaky_relu"
    year = 2013
    summary = "z, or αz below 0: a small fixed slope keeps units alive"
    spelled = MappingProxyType(
        {
            "keras": "layers.LeakyReLU(negative_slope={0.alpha})",
            "pytorch": "nn.LeakyReLU({0.alpha})",
            "numpy": "np.where(x > 0, x, {0.alpha} * x)",
        }
    )
    remark = "slope α below 0: never dead"

    alpha = Hyperparameter(0.01, "slope below 0", least=0, usual=(0.01, 0.1, 0.25, 1))

    def operator(self) -> Operator | None:
        return Operator("LeakyRelu", {"alpha": self.alpha})

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        np.maximum(x, 0.0, out=out)
        np.minimum(x, 0.0, out=scratch)
        np.multiply(scratch, self.alpha, out=scratch)
        np.add(out, scratch, out=out)

    def slope(self, x: Array, out: Array, slope: Array) -> None:
        slope.fill(self.alpha)
        np.copyto(slope, 1.0, where=x > 0)

    @staticmethod
    def compiled_value(z: float, alpha: float) -> float:
        return alpha * z if z <= 0 else z

    @staticmethod
    def compiled_derivative(z: float, f: float, alpha: float) -> float:
        return 1 if f > 0 else alpha

    @classmethod
    def mean_slope(cls, mean: float, spread: float, flat: float, **hyperparameters: float) -> float | None:
        # As if half of the inputs were below 0. Squares are averaged, as norms add up.
        return sqrt((1 + hyperparameters["alpha"] ** 2) / 2)
