"""Plain gradient descent."""

from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.optimizers import Optimizer


@final
class SGD(Optimizer):
    """p ← p - ηg."""

    year = 1951
    summary = "plain gradient descent: falls down the steep side, creeps along the valley"
    default_learning_rate = 0.01
    elementwise = True

    def update(self, p: Array, g: Array, rate: float) -> None:
        step, _ = self.scratch(p)
        np.multiply(g, rate, out=step)
        np.subtract(p, step, out=p)

    @staticmethod
    def compiled_update(p: float, g: float, rate: float) -> float:
        return p - g * rate

    @classmethod
    def bears(cls, **hyperparameters: float) -> float | None:
        return 1.0
