"""A rectifier whose slope below 0 is learned."""

from collections.abc import Mapping
from math import sqrt
from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.activations import Activation, Hyperparameter
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import Operator, Shapes


@final
class PReLU(Activation):
    """As LeakyReLU, with a learned slope a of shape (units,), one per unit, starting at α (He et al. 2015).

    ∂f/∂a = z where z ≤ 0, else 0, summed over the batch. Keras starts the slopes at 0, here and in PyTorch it is 0.25.
    """

    name = "prelu"
    year = 2015
    summary = "z, or az below 0, with a learned for each unit"
    spelled = MappingProxyType(
        {
            "keras": 'layers.PReLU(name="{0.name}")',
            "pytorch": "nn.PReLU({0.units})",
            "numpy": 'np.where(x > 0, x, weights["{0.name}.alpha"] * x)',
        }
    )
    remark = "the slope below 0 is learned"

    alpha = Hyperparameter(0.25, "its initial slope", least=0, usual=(0.01, 0.1, 0.25, 1))

    slopes: Array
    slopes_gradient: Array

    def shapes(self) -> Shapes:
        return {"alpha": (self.units,)}

    def operator(self) -> Operator | None:
        return Operator("PRelu")

    def bind(self, tensors: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        super().bind(tensors, gradients)
        self.slopes, self.slopes_gradient = tensors["alpha"], gradients["alpha"]

    @classmethod
    def slopes_in(cls, tensors: Mapping[str, Array]) -> list[Array]:
        """The learned slopes among a network's tensors, layer by layer."""
        return [tensor for name, tensor in tensors.items() if name.startswith(f"{cls.prefix}_") and name.endswith(".alpha")]

    def initialize(self, rng: np.random.Generator) -> None:
        self.slopes[:] = self.alpha

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        np.maximum(x, 0.0, out=out)
        np.minimum(x, 0.0, out=scratch)
        np.multiply(scratch, self.slopes, out=scratch)
        np.add(out, scratch, out=out)

    def slope(self, x: Array, out: Array, slope: Array) -> None:
        np.copyto(slope, self.slopes)
        np.copyto(slope, 1.0, where=x > 0)

    def backward(self, x: Array, out: Array, gradient: Array, scratch: Array) -> None:
        np.minimum(x, 0.0, out=scratch)
        np.multiply(scratch, gradient, out=scratch)
        np.add.reduce(scratch, 0, out=self.slopes_gradient)
        super().backward(x, out, gradient, scratch)

    @staticmethod
    def compiled_value(z: float, alpha: float) -> float:
        return alpha * z if z <= 0 else z

    @staticmethod
    def compiled_derivative(z: float, f: float, alpha: float) -> float:
        return 1 if z > 0 else alpha

    @staticmethod
    def compiled_gradient(z: float, f: float, alpha: float) -> float:
        return 0 if z > 0 else z

    @classmethod
    def mean_slope(cls, mean: float, spread: float, flat: float, **hyperparameters: float) -> float | None:
        # As if half of the inputs were below 0. Squares are averaged, as norms add up.
        return sqrt((1 + hyperparameters["alpha"] ** 2) / 2)
