"""Glorot's normal initializer."""

from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.initializers.glorot_uniform import GlorotUniform


@final
class GlorotNormal(GlorotUniform):
    """N(0, 2 / (fan_in + fan_out)) (Glorot & Bengio 2010)."""

    year = 2010
    summary = "N(0, 2/(fan_in+fan_out)): made for sigmoid and tanh"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return rng.normal(0.0, np.sqrt(2 / (fan_in + fan_out)), (fan_in, fan_out))
