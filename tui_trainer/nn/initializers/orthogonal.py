"""The orthogonal initializer."""

from math import sqrt
from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.initializers import Hyperparameter, Initializer
from tui_trainer.nn.parts import LEAST


@final
class Orthogonal(Initializer):
    """A random matrix whose rows or columns, whichever are fewer, are orthonormal, times a gain (Saxe, McClelland & Ganguli 2014).

    The Q of a normal matrix's QR decomposition, with the signs of R's diagonal, which makes all such matrices equally likely.
    """

    year = 2014
    summary = "a random rotation: every direction keeps its length"

    gain = Hyperparameter(1.0, "length of what comes out, of what goes in", above=0, least=LEAST, usual=(0.5, 1, 1.41, 2))

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        tall = rng.normal(size=(max(fan_in, fan_out), min(fan_in, fan_out)))
        q, r = np.linalg.qr(tall)
        q *= np.where(np.diag(r) < 0, -1.0, 1.0)
        return self.gain * (q if fan_in >= fan_out else q.T)

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return self.gain / sqrt(max(fan_in, fan_out))
