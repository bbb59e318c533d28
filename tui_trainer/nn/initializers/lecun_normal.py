"""LeCun's normal initializer."""

from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.initializers.lecun_uniform import LecunUniform


@final
class LecunNormal(LecunUniform):
    """N(0, 1 / fan_in) (LeCun et al. 1998, equation 16), not truncated as Keras's lecun_normal is."""

    year = 1998
    summary = "N(0, 1/fan_in): keeps the signal's spread; made for SELU"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return rng.normal(0.0, np.sqrt(1 / fan_in), (fan_in, fan_out))
