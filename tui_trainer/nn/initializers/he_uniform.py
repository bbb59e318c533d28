"""He's uniform initializer."""

from math import sqrt

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.initializers import Initializer


class HeUniform(Initializer):
    """U(±√(6 / fan_in)), of variance 2 / fan_in (He et al. 2015, equation 10)."""

    year = 2015
    summary = "U(±√(6/fan_in)): made for ReLU and its kin"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        limit = np.sqrt(6 / fan_in)
        return rng.uniform(-limit, limit, (fan_in, fan_out))

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return sqrt(2 / fan_in)
