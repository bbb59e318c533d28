"""Batch normalization: each unit over the samples of a batch."""

from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import Operator, Shapes
from tui_trainer.nn.normalization.standardization import EPSILON, Standardization


@final
class BatchNorm(Standardization):
    """x̂ = (x - μ) / √(σ² + ε) with each unit's mean μ and variance σ² over the batch (Ioffe & Szegedy 2015).

    Evaluation takes running means of both: each batch that is learned from moves them a tenth of the way, the variance with n - 1 in the
    denominator, as PyTorch does. A batch of one sample has no variance: it is trained with the running means, which stay as they are.
    """

    spelled = MappingProxyType(
        {
            "keras": 'layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name="{0.name}")',
            "pytorch": "nn.BatchNorm1d({0.units})",
            "numpy": '(x - weights["{0.name}.running_mean"]) / np.sqrt(weights["{0.name}.running_var"] + 1e-5)'
            ' * weights["{0.name}.weight"] + weights["{0.name}.bias"]',
        }
    )
    kind = "BatchNorm"
    prefix = "batch_norm"
    name = "batch"
    summary = "each unit over the batch: no layer's inputs drift, whatever the weights before it"
    year = 2015
    centers = True

    MOMENTUM = 0.1
    """The share of a batch's statistics in the running means."""

    def buffers(self) -> Shapes:
        return {"running_mean": (self.units,), "running_var": (self.units,)}

    def operator(self) -> Operator:
        return Operator("BatchNormalization", {"epsilon": EPSILON})

    def initialize(self, rng: np.random.Generator) -> None:
        super().initialize(rng)
        self.tensors["running_mean"][:], self.tensors["running_var"][:] = 0, 1

    def standardize(self, x: Array, standard: Array) -> None:
        mean, variance = self._statistics(x)
        np.subtract(x, mean, out=standard)
        np.multiply(standard, 1 / np.sqrt(variance + EPSILON), out=standard)

    def _statistics(self, x: Array) -> tuple[Array, Array]:
        if len(x) == 1:
            return self.tensors["running_mean"], self.tensors["running_var"]
        return x.mean(axis=0), x.var(axis=0)

    def evaluate(self, x: Array, out: Array, scratch: Array) -> None:
        factor = self.weight / np.sqrt(self.tensors["running_var"] + EPSILON)
        np.multiply(x, factor, out=out)
        np.add(out, self.bias - self.tensors["running_mean"] * factor, out=out)

    def unstandardize(self, x: Array, gradient: Array, standard: Array) -> None:
        mean, variance = self._statistics(x)
        rows = len(x)
        if rows > 1:
            slant = np.einsum("ij,ij->j", gradient, standard) / rows
            np.subtract(gradient, gradient.mean(axis=0), out=gradient)
            np.multiply(standard, slant, out=standard)
            np.subtract(gradient, standard, out=gradient)
            self._move("running_mean", mean)
            self._move("running_var", variance * (rows / (rows - 1)))
        np.multiply(gradient, 1 / np.sqrt(variance + EPSILON), out=gradient)

    def _move(self, running: str, now: Array) -> None:
        self.tensors[running][:] += (now - self.tensors[running]) * self.MOMENTUM
