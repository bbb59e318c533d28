"""LeCun's uniform initializer."""

from math import sqrt

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.initializers import Initializer


class LecunUniform(Initializer):
    """U(±√(3 / fan_in)), of variance 1 / fan_in (LeCun et al. 1998, equation 16)."""

    year = 1998
    summary = "U(±√(3/fan_in)): keeps the signal's spread; made for SELU"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        limit = np.sqrt(3 / fan_in)
        return rng.uniform(-limit, limit, (fan_in, fan_out))

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return sqrt(1 / fan_in)
