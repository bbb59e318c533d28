"""The naive initializer."""

from math import sqrt
from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.initializers import Hyperparameter, Initializer
from tui_trainer.nn.parts import LEAST


@final
class Uniform(Initializer):
    """U(-limit, limit) for every layer, whatever its size. In deep networks the signal vanishes."""

    year = 1986
    summary = "U(±limit), the same for every layer: too small for deep networks"

    uniform_limit = Hyperparameter(0.05, "half-width of the interval", above=0, least=LEAST)

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return rng.uniform(-self.uniform_limit, self.uniform_limit, (fan_in, fan_out))

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return self.uniform_limit / sqrt(3)
