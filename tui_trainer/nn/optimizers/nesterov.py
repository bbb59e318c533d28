"""Nesterov's momentum."""

from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.optimizers import Hyperparameter, Optimizer


@final
class Nesterov(Optimizer):
    """v ← μv + g; p ← p - η(g + μv): Nesterov's momentum, written at the look-ahead point (Sutskever et al. 2013)."""

    year = 1983
    summary = "momentum that looks ahead before it turns"
    default_learning_rate = 0.01
    elementwise = True
    slots = MappingProxyType({"velocity": 0.0})

    momentum = Hyperparameter(0.9, "share of the velocity kept at each step", least=0, below=1, usual=(0, 0.5, 0.9, 0.95, 0.99))

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        return learning_rate, self.momentum

    def update(self, p: Array, g: Array, rate: float, keep: float, velocity: Array) -> None:
        step, _ = self.scratch(p)
        np.multiply(velocity, keep, out=velocity)
        np.add(velocity, g, out=velocity)
        np.multiply(velocity, keep, out=step)
        np.add(step, g, out=step)
        np.multiply(step, rate, out=step)
        np.subtract(p, step, out=p)

    @staticmethod
    def compiled_update(p: float, g: float, rate: float, keep: float, velocity: float) -> tuple[float, ...]:
        velocity = velocity * keep + g
        return p - (velocity * keep + g) * rate, velocity

    @classmethod
    def bears(cls, **hyperparameters: float) -> float | None:
        return 1 + hyperparameters["momentum"]
