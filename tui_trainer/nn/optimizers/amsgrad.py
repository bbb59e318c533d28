"""AMSGrad."""

from math import sqrt
from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.optimizers import Hyperparameter
from tui_trainer.nn.optimizers.adam import Adam
from tui_trainer.nn.parts import LEAST_EPSILON


@final
class AMSGrad(Adam):
    """As Adam, divided by the root of the largest s there was: its steps never grow again (Reddi, Kale & Kumar 2018).

    As PyTorch's Adam with `amsgrad=True`: the largest is that of s before its correction for starting at 0, and ε is 1e-8.
    """

    name = "amsgrad"
    year = 2018
    summary = "Adam that never forgets its largest gradients"
    elementwise = True
    slots = MappingProxyType({"gradient_sum": 0.0, "square_sum": 0.0, "square_most": 0.0})

    epsilon = Hyperparameter(1e-8, "keeps division finite", above=0, least=LEAST_EPSILON, usual=(1e-8, 1e-7, 1e-5, 1e-3))

    def update(  # type: ignore[override] # another slot
        self,
        p: Array,
        g: Array,
        rate: float,
        keep: float,
        keep_square: float,
        epsilon: float,
        gradient_sum: Array,
        square_sum: Array,
        square_most: Array,
    ) -> None:
        step, root = self.scratch(p)
        self.accumulate(g, keep, keep_square, gradient_sum, square_sum, step)
        np.maximum(square_most, square_sum, out=square_most)
        np.sqrt(square_most, out=root)
        np.add(root, epsilon, out=root)
        np.divide(gradient_sum, root, out=step)
        np.multiply(step, rate, out=step)
        np.subtract(p, step, out=p)

    @staticmethod
    def compiled_update(  # type: ignore[override]
        p: float,
        g: float,
        rate: float,
        keep: float,
        keep_square: float,
        epsilon: float,
        gradient_sum: float,
        square_sum: float,
        square_most: float,
    ) -> tuple[float, ...]:
        gradient_sum = gradient_sum * keep + g
        square_sum = square_sum * keep_square + g * g
        square_most = max(square_most, square_sum)
        return p - gradient_sum / (sqrt(square_most) + epsilon) * rate, gradient_sum, square_sum, square_most
