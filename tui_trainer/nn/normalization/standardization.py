"""What standardizes: brings numbers to mean 0 and variance 1, and then to what is learned."""

from abc import abstractmethod
from collections.abc import Mapping

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import Shapes
from tui_trainer.nn.normalization import Normalization

EPSILON = 1e-5
"""Added to a variance, as in PyTorch; Keras takes 1e-3."""


class Standardization(Normalization):
    """y = γ x̂ + β, with x̂ of mean 0 and variance 1; γ (units,) starts at 1 and β (units,) at 0."""

    weight: Array
    bias: Array
    weight_gradient: Array
    bias_gradient: Array

    def shapes(self) -> Shapes:
        return {"weight": (self.units,), "bias": (self.units,)}

    def bind(self, tensors: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        super().bind(tensors, gradients)
        self.weight, self.bias = tensors["weight"], tensors["bias"]
        self.weight_gradient, self.bias_gradient = gradients["weight"], gradients["bias"]

    def initialize(self, rng: np.random.Generator) -> None:
        self.weight[:], self.bias[:] = 1, 0

    @abstractmethod
    def standardize(self, x: Array, standard: Array) -> None:
        """Write x̂ into `standard`, in training."""

    @abstractmethod
    def unstandardize(self, x: Array, gradient: Array, standard: Array) -> None:
        """Turn the gradient at x̂ into the one at x, in place."""

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        self.standardize(x, scratch)
        np.multiply(scratch, self.weight, out=out)
        np.add(out, self.bias, out=out)

    def backward(self, x: Array, out: Array, gradient: Array, scratch: Array) -> None:
        np.add.reduce(gradient, 0, out=self.bias_gradient)
        np.multiply(gradient, scratch, out=out)
        np.add.reduce(out, 0, out=self.weight_gradient)
        np.multiply(gradient, self.weight, out=gradient)
        self.unstandardize(x, gradient, scratch)
