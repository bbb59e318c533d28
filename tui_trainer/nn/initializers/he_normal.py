"""He's normal initializer."""

from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.initializers.he_uniform import HeUniform


@final
class HeNormal(HeUniform):
    """N(0, 2 / fan_in) (He et al. 2015, equation 10), not truncated as Keras's he_normal is."""

    year = 2015
    summary = "N(0, 2/fan_in): made for ReLU and its kin"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return rng.normal(0.0, np.sqrt(2 / fan_in), (fan_in, fan_out))
