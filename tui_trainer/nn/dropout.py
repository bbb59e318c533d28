"""Dropout: each step trains a random part of the network."""

from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import HiddenLayer, LayerRun, RunInputs


@final
class Dropout(HiddenLayer):
    """In training, sets each input to 0 with probability `rate` and divides it by 1 - rate otherwise (Srivastava et al. 2014).

    The expectation equals the input, so evaluation leaves the layer out. The masks come from `rng`.
    """

    spelled = MappingProxyType({"keras": "layers.Dropout({0.rate})", "pytorch": "nn.Dropout({0.rate})"})

    def __init__(self, units: int, rate: float) -> None:
        super().__init__(units, units)
        self.rate = rate

    def run(self, inputs: RunInputs) -> LayerRun | None:
        return super().run(inputs) if inputs.training else None

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        # The scratch keeps the mask for `backward`.
        self.rng.random(dtype=scratch.dtype.type, out=scratch)
        np.greater_equal(scratch, self.rate, out=scratch)
        np.multiply(scratch, 1 / (1 - self.rate), out=scratch)
        np.multiply(x, scratch, out=out)

    def backward(self, x: Array, out: Array, gradient: Array, scratch: Array) -> None:
        np.multiply(gradient, scratch, out=gradient)
