"""Adam."""

from math import sqrt
from types import MappingProxyType

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.optimizers import Hyperparameter, Optimizer
from tui_trainer.nn.parts import LEAST_EPSILON


class Adam(Optimizer):
    """m ← β₁m + (1-β₁)g; s ← β₂s + (1-β₂)g²; p ← p - η m̂ / (√ŝ + ε), m̂ = m/(1-β₁ᵗ), ŝ = s/(1-β₂ᵗ) (Kingma & Ba 2015)."""

    year = 2015
    summary = "momentum and RMSProp together, corrected for starting at 0"
    elementwise = True
    adaptive = True
    slots = MappingProxyType({"gradient_sum": 0.0, "square_sum": 0.0})

    beta1 = Hyperparameter(0.9, "share of the mean gradient kept at each step", least=0, below=1, usual=(0, 0.5, 0.9, 0.95, 0.99))
    beta2 = Hyperparameter(0.999, "share of the mean square kept at each step", least=0, below=1, usual=(0.9, 0.99, 0.999, 0.9999))
    epsilon = Hyperparameter(1e-7, "keeps division finite", above=0, least=LEAST_EPSILON, usual=(1e-8, 1e-7, 1e-5, 1e-3))

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        mean = (1 - self.beta1) / (1 - self.beta1**self.steps)
        root = sqrt((1 - self.beta2) / (1 - self.beta2**self.steps))
        return learning_rate * mean / root, self.beta1, self.beta2, self.epsilon / root

    def update(
        self, p: Array, g: Array, rate: float, keep: float, keep_square: float, epsilon: float, gradient_sum: Array, square_sum: Array
    ) -> None:
        step, root = self.scratch(p)
        self.accumulate(g, keep, keep_square, gradient_sum, square_sum, step)
        np.sqrt(square_sum, out=root)
        np.add(root, epsilon, out=root)
        np.divide(gradient_sum, root, out=step)
        np.multiply(step, rate, out=step)
        np.subtract(p, step, out=p)

    @staticmethod
    def accumulate(g: Array, keep: float, keep_square: float, gradient_sum: Array, square_sum: Array, scratch: Array) -> None:
        """Let the sums of gradients and of their squares decay, and add this step's; their means but for (1-β₁) and (1-β₂)."""
        np.multiply(gradient_sum, keep, out=gradient_sum)
        np.add(gradient_sum, g, out=gradient_sum)
        np.multiply(square_sum, keep_square, out=square_sum)
        np.multiply(g, g, out=scratch)
        np.add(square_sum, scratch, out=square_sum)

    @staticmethod
    def compiled_update(
        p: float, g: float, rate: float, keep: float, keep_square: float, epsilon: float, gradient_sum: float, square_sum: float
    ) -> tuple[float, ...]:
        gradient_sum = gradient_sum * keep + g
        square_sum = square_sum * keep_square + g * g
        return p - gradient_sum / (sqrt(square_sum) + epsilon) * rate, gradient_sum, square_sum
