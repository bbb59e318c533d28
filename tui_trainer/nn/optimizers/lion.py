"""Lion."""

from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.optimizers import Hyperparameter, Optimizer


@final
class Lion(Optimizer):
    """p ← p - η sign(β₁m + (1-β₁)g); m ← β₂m + (1-β₂)g, with decoupled weight decay (Chen et al. 2023), as in the authors' code and optax.

    Every parameter moves by the same length, η, which is why that is to be a third to a tenth of Adam's.
    """

    year = 2023
    summary = "the sign of momentum alone: every step as long as the rate"
    default_learning_rate = 1e-4
    decoupled_decay = True
    elementwise = True
    adaptive = True
    slots = MappingProxyType({"mean": 0.0})

    beta1 = Hyperparameter(0.9, "share of the mean gradient in a step", least=0, below=1, usual=(0, 0.5, 0.9, 0.95, 0.99))
    beta2 = Hyperparameter(0.99, "share of the mean gradient kept at each step", least=0, below=1, usual=(0.9, 0.99, 0.999, 0.9999))

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        return learning_rate, self.beta1, 1 - self.beta1, self.beta2, 1 - self.beta2

    def update(
        self, p: Array, g: Array, rate: float, weight: float, gradient_weight: float, keep: float, share: float, mean: Array
    ) -> None:
        step, part = self.scratch(p)
        np.multiply(mean, weight, out=step)
        np.multiply(g, gradient_weight, out=part)
        np.add(step, part, out=step)
        np.sign(step, out=step)
        np.multiply(step, rate, out=step)
        np.subtract(p, step, out=p)
        np.multiply(mean, keep, out=mean)
        np.multiply(g, share, out=part)
        np.add(mean, part, out=mean)

    @staticmethod
    def compiled_update(
        p: float, g: float, rate: float, weight: float, gradient_weight: float, keep: float, share: float, mean: float
    ) -> tuple[float, ...]:
        direction = mean * weight + g * gradient_weight
        mean = mean * keep + g * share
        return p - rate * ((1 if direction > 0 else 0) - (1 if direction < 0 else 0)), mean
