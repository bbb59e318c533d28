"""The fully connected layer."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.initializers import Initializer
from tui_trainer.nn.layers import Call, Layer, LayerRun, Operator, RunInputs, Shapes


@final
class Dense(Layer):
    """z = x W + b, with W of shape (inputs, units) and b of shape (units,), or z = x W without `bias`.

    With g the gradient at z: ∂W = xᵀ g, ∂b = the sum of g over the samples, ∂x = g Wᵀ.
    """

    spelled = MappingProxyType(
        {
            "keras": 'layers.Dense({0.units}, use_bias={0.has_bias}, name="{0.name}")',
            "pytorch": "nn.Linear({0.inputs}, {0.units}, bias={0.has_bias})",
            "numpy": 'x @ weights["{0.name}.weight"]',
        }
    )
    weight: Array
    weight_gradient: Array
    bias: Array | None
    bias_gradient: Array | None

    def __init__(self, inputs: int, units: int, initializer: Initializer, *, bias: bool = True) -> None:
        super().__init__(inputs, units)
        self.initializer = initializer
        self.has_bias = bias

    def spell(self, tool: str) -> str | None:
        spelled = super().spell(tool)
        if not self.has_bias or spelled is None:
            return spelled
        if tool == "numpy":
            return f'{spelled} + weights["{self.name}.bias"]'
        # Both libraries have a bias where nothing else is said.
        return spelled.replace(", use_bias=True", "").replace(", bias=True", "")

    def shapes(self) -> Shapes:
        weight: Shapes = {"weight": (self.inputs, self.units)}
        return weight | {"bias": (self.units,)} if self.has_bias else weight

    def operator(self) -> Operator | None:
        return Operator("Gemm")

    @property
    def weights(self) -> str | None:
        return f"{self.name}.weight"

    def bind(self, tensors: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        super().bind(tensors, gradients)
        self.weight, self.bias = tensors["weight"], tensors.get("bias")
        self.weight_gradient, self.bias_gradient = gradients["weight"], gradients.get("bias")

    def initialize(self, rng: np.random.Generator) -> None:
        self.weight[:] = self.initializer.draw(rng, self.inputs, self.units)
        if self.bias is not None:
            self.bias[:] = 0

    def run(self, inputs: RunInputs) -> LayerRun | None:
        x, gradient_in = inputs.x, inputs.gradient
        out = inputs.allocate(self.units)
        # Column order between two Dense layers makes g Wᵀ the product that the BLAS computes fastest.
        gradient = inputs.allocate(self.units, "C" if gradient_in is None or inputs.last else "F")
        forward: tuple[Call, ...] = (partial(np.matmul, x, self.weight, out),)
        backward: tuple[Call, ...] = (partial(np.matmul, x.T, gradient, self.weight_gradient),)
        if self.bias is not None:
            forward += (partial(np.add, out, self.bias, out),)
            backward = (partial(np.add.reduce, gradient, 0, None, self.bias_gradient), *backward)
        if gradient_in is not None:
            backward += (partial(np.matmul, gradient, self.weight.T, gradient_in),)
        return LayerRun(self, x, out, gradient, gradient_in, forward, backward)
