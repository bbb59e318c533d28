"""Dropout: a different part of the network is trained at every step."""

from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import Elementwise, LayerRun, RunInputs


@final
class Dropout(Elementwise):
    """Each number is 0 with probability `rate` and divided by 1 - rate otherwise, while training (Srivastava et al. 2014).

    Its expectation is then that of the input, and evaluation leaves the layer out. The masks come from `rng`.
    """

    kind = "Dropout"
    prefix = "dropout"

    def __init__(self, units: int, rate: float) -> None:
        super().__init__(units, units)
        self.rate = rate

    def run(self, inputs: RunInputs) -> LayerRun | None:
        return super().run(inputs) if inputs.training else None

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        # The scratch is this layer's own until `backward` has read the mask from it.
        self.rng.random(dtype=scratch.dtype.type, out=scratch)
        np.greater_equal(scratch, self.rate, out=scratch)
        np.multiply(scratch, 1 / (1 - self.rate), out=scratch)
        np.multiply(x, scratch, out=out)

    def backward(self, x: Array, out: Array, gradient: Array, scratch: Array) -> None:
        np.multiply(gradient, scratch, out=gradient)
