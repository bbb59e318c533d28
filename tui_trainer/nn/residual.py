"""A skip: what an earlier layer put out is added, so that gradients have a way back past the layers in between."""

from collections.abc import Mapping
from functools import partial
from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.initializers import Initializer
from tui_trainer.nn.layers import Call, Composed, Layer, LayerRun, RunInputs, Shapes


@final
class Residual(Layer):
    """z + s, with s the output of `source`, or z + s P where the sizes differ, with P of shape (source's units, units).

    Between Dense layers' outputs, before normalization and activation, it is the identity mapping of He et al. (2016): the gradient at the
    sum reaches the source as it is.
    """

    kind = "Residual"
    prefix = "residual"

    weight: Array
    weight_gradient: Array

    def __init__(self, source: Layer, units: int, initializer: Initializer) -> None:
        super().__init__(units, units)
        self.source = source
        self.initializer = initializer
        self.source_units = source.units
        self.projects = source.units != units

    def shapes(self) -> Shapes:
        return {"weight": (self.source_units, self.units)} if self.projects else {}

    def bind(self, tensors: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        super().bind(tensors, gradients)
        if self.projects:
            self.weight, self.weight_gradient = tensors["weight"], gradients["weight"]

    def initialize(self, rng: np.random.Generator) -> None:
        if self.projects:
            self.weight[:] = self.initializer.draw(rng, self.source_units, self.units)

    def operator(self) -> Composed:
        if not self.projects:
            return Composed(("Add", ("x", "source"), "out"))
        return Composed(("MatMul", ("source", "weight"), "projected"), ("Add", ("x", "projected"), "out"))

    def run(self, inputs: RunInputs) -> LayerRun | None:
        x, gradient = inputs.x, inputs.gradient
        assert self.source is not None
        assert gradient is not None
        source = inputs.runs[self.source]
        if not self.projects:
            forward: tuple[Call, ...] = (partial(np.add, x, source.out, x),)
            skipped: tuple[Call, ...] = (partial(np.add, source.gradient, gradient, source.gradient),)
            return LayerRun(self, x, x, gradient, gradient, forward, (), skipped=skipped)
        projected, back = inputs.allocate(self.units), inputs.allocate(source.layer.units)
        return LayerRun(
            self,
            x,
            x,
            gradient,
            gradient,
            forward=(partial(np.matmul, source.out, self.weight, projected), partial(np.add, x, projected, x)),
            backward=(partial(np.matmul, source.out.T, gradient, self.weight_gradient),),
            skipped=(partial(np.matmul, gradient, self.weight.T, back), partial(np.add, source.gradient, back, source.gradient)),
        )
