"""RMSProp."""

from math import sqrt
from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.optimizers import Hyperparameter, Optimizer
from tui_trainer.nn.parts import LEAST_EPSILON


@final
class RMSProp(Optimizer):
    """s ← ρs + (1-ρ)g²; p ← p - ηg / (√s + ε) (Hinton 2012, lecture 6e)."""

    name = "rmsprop"
    year = 2012
    summary = "AdaGrad that forgets: a running mean of squared gradients"
    elementwise = True
    adaptive = True
    slots = MappingProxyType({"square_sum": 0.0})

    rho = Hyperparameter(0.9, "share of the mean of squares kept at each step", least=0, below=1, usual=(0.5, 0.9, 0.95, 0.99))
    epsilon = Hyperparameter(1e-7, "keeps division finite", above=0, least=LEAST_EPSILON, usual=(1e-8, 1e-7, 1e-5, 1e-3))

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        root = sqrt(1 - self.rho)
        return learning_rate / root, self.rho, self.epsilon / root

    def update(self, p: Array, g: Array, rate: float, keep: float, epsilon: float, square_sum: Array) -> None:
        step, root = self.scratch(p)
        np.multiply(square_sum, keep, out=square_sum)
        np.multiply(g, g, out=step)
        np.add(square_sum, step, out=square_sum)
        np.sqrt(square_sum, out=root)
        np.add(root, epsilon, out=root)
        np.divide(g, root, out=step)
        np.multiply(step, rate, out=step)
        np.subtract(p, step, out=p)

    @staticmethod
    def compiled_update(p: float, g: float, rate: float, keep: float, epsilon: float, square_sum: float) -> tuple[float, ...]:
        square_sum = square_sum * keep + g * g
        return p - g / (sqrt(square_sum) + epsilon) * rate, square_sum
