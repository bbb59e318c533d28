"""AdaGrad."""

from math import sqrt
from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.optimizers import Hyperparameter, Optimizer
from tui_trainer.nn.parts import LEAST_EPSILON


@final
class AdaGrad(Optimizer):
    """s ← s + g², from 0.1; p ← p - ηg / (√s + ε) (Duchi et al. 2011)."""

    name = "adagrad"
    year = 2011
    summary = "each parameter slows down by all the gradients it has seen"
    default_learning_rate = 0.01
    elementwise = True
    adaptive = True
    slots = MappingProxyType({"square_sum": 0.1})

    epsilon = Hyperparameter(1e-7, "keeps division finite", above=0, least=LEAST_EPSILON, usual=(1e-8, 1e-7, 1e-5, 1e-3))

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        return learning_rate, self.epsilon

    def update(self, p: Array, g: Array, rate: float, epsilon: float, square_sum: Array) -> None:
        step, root = self.scratch(p)
        np.multiply(g, g, out=step)
        np.add(square_sum, step, out=square_sum)
        np.sqrt(square_sum, out=root)
        np.add(root, epsilon, out=root)
        np.divide(g, root, out=step)
        np.multiply(step, rate, out=step)
        np.subtract(p, step, out=p)

    @staticmethod
    def compiled_update(p: float, g: float, rate: float, epsilon: float, square_sum: float) -> tuple[float, ...]:
        square_sum = square_sum + g * g
        return p - g / (sqrt(square_sum) + epsilon) * rate, square_sum
