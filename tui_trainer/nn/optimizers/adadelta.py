"""Adadelta."""

from math import sqrt
from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.optimizers import Hyperparameter, Optimizer
from tui_trainer.nn.parts import LEAST_EPSILON


@final
class Adadelta(Optimizer):
    """s ← ρs + (1-ρ)g²; d = g √(u + ε) / √(s + ε); u ← ρu + (1-ρ)d²; p ← p - ηd (Zeiler 2012).

    ε is inside both roots, as in the paper; it is also what the first steps are made of. Defaults are PyTorch's: η 1, ρ 0.9, ε 1e-6.
    """

    year = 2012
    summary = "steps as long as the last ones were: needs no learning rate"
    default_learning_rate = 1.0
    elementwise = True
    descent_factor = 1500.0
    slots = MappingProxyType({"square_mean": 0.0, "step_mean": 0.0})

    rho = Hyperparameter(0.9, "share of the mean of squares kept at each step", least=0, below=1, usual=(0.5, 0.9, 0.95, 0.99))
    epsilon = Hyperparameter(1e-6, "keeps division finite", above=0, least=LEAST_EPSILON, usual=(1e-8, 1e-7, 1e-5, 1e-3))

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        return learning_rate, self.rho, 1 - self.rho, self.epsilon

    def update(
        self, p: Array, g: Array, rate: float, keep: float, share: float, epsilon: float, square_mean: Array, step_mean: Array
    ) -> None:
        step, root = self.scratch(p)
        np.multiply(square_mean, keep, out=square_mean)
        np.multiply(g, g, out=step)
        np.multiply(step, share, out=step)
        np.add(square_mean, step, out=square_mean)
        np.add(square_mean, epsilon, out=root)
        np.sqrt(root, out=root)
        np.add(step_mean, epsilon, out=step)
        np.sqrt(step, out=step)
        np.divide(step, root, out=step)
        np.multiply(step, g, out=step)
        np.multiply(step_mean, keep, out=step_mean)
        np.multiply(step, step, out=root)
        np.multiply(root, share, out=root)
        np.add(step_mean, root, out=step_mean)
        np.multiply(step, rate, out=step)
        np.subtract(p, step, out=p)

    @staticmethod
    def compiled_update(
        p: float, g: float, rate: float, keep: float, share: float, epsilon: float, square_mean: float, step_mean: float
    ) -> tuple[float, ...]:
        square_mean = square_mean * keep + g * g * share
        step = sqrt(step_mean + epsilon) / sqrt(square_mean + epsilon) * g
        step_mean = step_mean * keep + step * step * share
        return p - step * rate, square_mean, step_mean
