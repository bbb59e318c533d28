"""Compiled loops for the busiest parts of training, when numba is installed (`pip install 'tui-trainer[fast]'`).

NumPy walks over an array once per operation; a compiled loop walks over it once. Each loop does what the NumPy code it stands in for does,
in the same order and without fast-math: the results are equal to the last bit.
"""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, final

import numpy as np

from tui_trainer.nn.activations import ReLU
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import Dense, Layer


@cache
def kernels() -> Any:
    """The module of compiled loops, or None when numba is not installed."""
    return import_module("tui_trainer.nn.kernels") if find_spec("numba") else None


@final
class DenseReLU(Layer):
    """A Dense layer and the ReLU after it as one step: bias and function in one walk over the output, and so on the way back."""

    kind = "Dense and ReLU"
    prefix = "dense_relu"

    def __init__(self, dense: Dense) -> None:
        super().__init__(dense.inputs, dense.units)
        self.dense = dense
        self._add_bias_and_rectify = kernels().add_bias_and_rectify
        self._mask_and_sum = kernels().mask_and_sum

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        np.matmul(x, self.dense.weight, out=out)
        self._add_bias_and_rectify(out, self.dense.bias)

    def backward(self, x: Array, out: Array, gradient: Array, gradient_in: Array | None, scratch: Array) -> None:
        self._mask_and_sum(gradient, out, self.dense.bias_gradient)
        np.matmul(x.T, gradient, out=self.dense.weight_gradient)
        if gradient_in is not None:
            np.matmul(gradient, self.dense.weight.T, out=gradient_in)


def fusible(layers: Sequence[Layer]) -> dict[Layer, Layer]:
    """The Dense layers that a ReLU follows, each with the step that does the work of both; empty without numba."""
    if kernels() is None:
        return {}
    return {layer: DenseReLU(layer) for layer, after in pairwise(layers) if isinstance(layer, Dense) and isinstance(after, ReLU)}
