"""Layer normalization: each sample over the units of a layer."""

from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import Composed
from tui_trainer.nn.normalization.standardization import EPSILON, Standardization


@final
class LayerNorm(Standardization):
    """x̂ = (x - μ) / √(σ² + ε) with each sample's mean μ and variance σ² over the units (Ba, Kiros & Hinton 2016)."""

    spelled = MappingProxyType(
        {
            "keras": 'layers.LayerNormalization(epsilon=1e-5, name="{0.name}")',
            "pytorch": "nn.LayerNorm({0.units})",
            "numpy": "(x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)"
            ' * weights["{0.name}.weight"] + weights["{0.name}.bias"]',
        }
    )
    kind = "LayerNorm"
    prefix = "layer_norm"
    name = "layer"
    summary = "each sample over the layer's units: the same in training and evaluation"
    year = 2016

    def operator(self) -> Composed:
        # LayerNormalization itself is an operator from opset 17 on.
        along = {"axes": [1]}
        return Composed(
            ("ReduceMean", ("x",), "mean", along),
            ("Sub", ("x", "mean"), "away"),
            ("Mul", ("away", "away"), "square"),
            ("ReduceMean", ("square",), "variance", along),
            ("Add", ("variance", EPSILON), "more"),
            ("Sqrt", ("more",), "deviation"),
            ("Div", ("away", "deviation"), "standard"),
            ("Mul", ("standard", "weight"), "scaled"),
            ("Add", ("scaled", "bias"), "out"),
        )

    def standardize(self, x: Array, standard: Array) -> None:
        np.subtract(x, x.mean(axis=1, keepdims=True), out=standard)
        np.multiply(standard, self._factor(x), out=standard)

    @staticmethod
    def _factor(x: Array) -> Array:
        factor: Array = 1 / np.sqrt(x.var(axis=1, keepdims=True) + EPSILON)
        return factor

    def unstandardize(self, x: Array, gradient: Array, standard: Array) -> None:
        slant = np.einsum("ij,ij->i", gradient, standard)[:, None] / self.units
        np.subtract(gradient, gradient.mean(axis=1, keepdims=True), out=gradient)
        np.multiply(standard, slant, out=standard)
        np.subtract(gradient, standard, out=gradient)
        np.multiply(gradient, self._factor(x), out=gradient)
