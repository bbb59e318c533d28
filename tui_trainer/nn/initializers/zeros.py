"""All weights zero."""

from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.initializers import Initializer


@final
class Zeros(Initializer):
    """0 for every weight: all units of a layer get the same gradient, and stay the same (Rumelhart, Hinton & Williams 1986)."""

    year = 1986
    summary = "0 for every weight: units stay alike and nothing is learned, which it is here to show"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return np.zeros((fan_in, fan_out))

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return 0.0
