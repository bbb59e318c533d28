"""Glorot's uniform initializer."""

from math import sqrt

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.initializers import Initializer


class GlorotUniform(Initializer):
    """U(±√(6 / (fan_in + fan_out))), of variance 2 / (fan_in + fan_out) (Glorot & Bengio 2010, equation 16)."""

    year = 2010
    summary = "U(±√(6/(fan_in+fan_out))): made for sigmoid and tanh"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        limit = np.sqrt(6 / (fan_in + fan_out))
        return rng.uniform(-limit, limit, (fan_in, fan_out))

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return sqrt(2 / (fan_in + fan_out))
