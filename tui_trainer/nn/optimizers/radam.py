"""RAdam."""

from math import sqrt
from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.optimizers import Hyperparameter
from tui_trainer.nn.optimizers.adam import Adam
from tui_trainer.nn.parts import LEAST_EPSILON

FEWEST = 5.0
"""What the length of the mean of squares has to exceed, as in PyTorch; the paper has 4."""


@final
class RAdam(Adam):
    """As Adam, times a factor that lets the first steps be as short as few gradients are uncertain (Liu et al. 2020).

    With ρ∞ = 2/(1-β₂) - 1 and ρₜ = ρ∞ - 2tβ₂ᵗ/(1-β₂ᵗ) the factor is √((ρₜ-4)(ρₜ-2)ρ∞ / ((ρ∞-4)(ρ∞-2)ρₜ)); while ρₜ is at most 5 the step is
    that of momentum alone, p ← p - ηm̂. As PyTorch's: ε, 1e-8, is added to √s before s is corrected for starting at 0.
    """

    name = "radam"
    year = 2020
    summary = "Adam that begins with short steps by itself, as with a warm-up"
    elementwise = True
    adaptive = False  # its first steps are momentum's
    warms_up = True
    descent_factor = 3.0

    epsilon = Hyperparameter(1e-8, "keeps division finite", above=0, least=LEAST_EPSILON, usual=(1e-8, 1e-7, 1e-5, 1e-3))

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        mean = learning_rate * (1 - self.beta1) / (1 - self.beta1**self.steps)
        root = sqrt((1 - self.beta2) / (1 - self.beta2**self.steps))
        longest = 2 / (1 - self.beta2) - 1
        length = longest - 2 * self.steps * self.beta2**self.steps / (1 - self.beta2**self.steps)
        epsilon = self.epsilon / sqrt(1 - self.beta2)
        if length <= FEWEST:
            return mean, 0.0, self.beta1, self.beta2, epsilon
        factor = sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
        return 0.0, factor * mean / root, self.beta1, self.beta2, epsilon

    def update(  # type: ignore[override] # other scalars
        self,
        p: Array,
        g: Array,
        plain_rate: float,
        rate: float,
        keep: float,
        keep_square: float,
        epsilon: float,
        gradient_sum: Array,
        square_sum: Array,
    ) -> None:
        step, root = self.scratch(p)
        self.accumulate(g, keep, keep_square, gradient_sum, square_sum, step)
        np.sqrt(square_sum, out=root)
        np.add(root, epsilon, out=root)
        np.divide(rate, root, out=step)
        np.add(step, plain_rate, out=step)
        np.multiply(step, gradient_sum, out=step)
        np.subtract(p, step, out=p)

    @staticmethod
    def compiled_update(  # type: ignore[override]
        p: float,
        g: float,
        plain_rate: float,
        rate: float,
        keep: float,
        keep_square: float,
        epsilon: float,
        gradient_sum: float,
        square_sum: float,
    ) -> tuple[float, ...]:
        gradient_sum = gradient_sum * keep + g
        square_sum = square_sum * keep_square + g * g
        return p - (rate / (sqrt(square_sum) + epsilon) + plain_rate) * gradient_sum, gradient_sum, square_sum
