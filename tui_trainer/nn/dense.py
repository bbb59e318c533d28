"""The fully connected layer, with its faster forms: on sparse inputs, and fused with the activation after it."""

from collections.abc import Mapping
from functools import partial
from typing import final

import numpy as np

from tui_trainer.nn import compiled
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.initializers import Initializer
from tui_trainer.nn.layers import Call, Layer, LayerRun, Operator, RunInputs, Shapes


@final
class Dense(Layer):
    """z = x W + b, with W of shape (inputs, units) and b of shape (units,).

    With g the gradient at z: ∂W = xᵀ g, ∂b = the sum of g over the samples, ∂x = g Wᵀ.
    """

    kind = "Dense"
    prefix = "dense"

    weight: Array
    bias: Array
    weight_gradient: Array
    bias_gradient: Array

    def __init__(self, inputs: int, units: int, initializer: Initializer) -> None:
        super().__init__(inputs, units)
        self.initializer = initializer

    def shapes(self) -> Shapes:
        return {"weight": (self.inputs, self.units), "bias": (self.units,)}

    def operator(self) -> Operator | None:
        return Operator("Gemm")

    @property
    def weights(self) -> str | None:
        return f"{self.name}.weight"

    def bind(self, tensors: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        super().bind(tensors, gradients)
        self.weight, self.bias = tensors["weight"], tensors["bias"]
        self.weight_gradient, self.bias_gradient = gradients["weight"], gradients["bias"]

    def initialize(self, rng: np.random.Generator) -> None:
        self.weight[:] = self.initializer.draw(rng, self.inputs, self.units)
        self.bias[:] = 0

    def run(self, inputs: RunInputs) -> LayerRun | None:
        x, gradient_in, sparse = inputs.x, inputs.gradient, inputs.sparse
        out = inputs.allocate(self.units)
        # Column order between two Dense layers makes g Wᵀ the product that the BLAS computes fastest.
        gradient = inputs.allocate(self.units, "C" if gradient_in is None or inputs.last else "F")
        product: Call
        weight_product: Call
        if sparse is None:
            product = partial(np.matmul, x, self.weight, out)
            weight_product = partial(np.matmul, x.T, gradient, self.weight_gradient)
        else:
            product = partial(sparse.times, x, self.weight, out)
            weight_product = partial(sparse.transposed_times, x, gradient, self.weight_gradient, sparse.scratch(inputs.rows))
        backward: tuple[Call, ...] = (partial(np.add.reduce, gradient, 0, None, self.bias_gradient), weight_product)
        if gradient_in is not None:
            backward += (partial(np.matmul, gradient, self.weight.T, gradient_in),)
        return LayerRun(self, x, out, gradient, gradient_in, (product, partial(np.add, out, self.bias, out)), backward)

    def fuse(self, run: LayerRun, follower: LayerRun) -> LayerRun | None:
        loops, kernels = follower.layer.after_bias, compiled.kernels()
        if loops is None or kernels is None or follower.out is not run.out or run.out.dtype != np.float32:
            return None
        product, _ = run.forward
        return run._replace(
            layer=follower.layer,
            forward=(product, partial(getattr(kernels, loops.forward), run.out, self.bias)),
            backward=(partial(getattr(kernels, loops.backward), run.gradient, run.out), *run.backward),
        )
