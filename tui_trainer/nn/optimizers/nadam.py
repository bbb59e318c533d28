"""Nadam."""

from collections.abc import Mapping
from math import sqrt
from typing import final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.optimizers.adam import Adam


@final
class Nadam(Adam):
    """As Adam, with μₜ = β₁(1 - ½·0.96^(0.004t)) and the numerator μₜ₊₁ m / (1-Πᵗ⁺¹μ) + (1-μₜ) g / (1-Πᵗμ) (Dozat 2016)."""

    year = 2016
    summary = "Adam with Nesterov's look ahead"
    elementwise = True
    warms_up = True

    mu_product = 1.0

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        mu, next_mu = (self.beta1 * (1 - 0.5 * 0.96 ** (0.004 * t)) for t in (self.steps, self.steps + 1))
        self.mu_product *= mu
        root = sqrt((1 - self.beta2) / (1 - self.beta2**self.steps))
        return (
            learning_rate * next_mu * (1 - self.beta1) / (1 - self.mu_product * next_mu) / root,
            learning_rate * (1 - mu) / (1 - self.mu_product) / root,
            self.beta1,
            self.beta2,
            self.epsilon / root,
        )

    def update(  # type: ignore[override] # other scalars
        self,
        p: Array,
        g: Array,
        sum_rate: float,
        gradient_rate: float,
        keep: float,
        keep_square: float,
        epsilon: float,
        gradient_sum: Array,
        square_sum: Array,
    ) -> None:
        step, root = self.scratch(p)
        self.accumulate(g, keep, keep_square, gradient_sum, square_sum, step)
        np.multiply(gradient_sum, sum_rate, out=step)
        np.multiply(g, gradient_rate, out=root)
        np.add(step, root, out=step)
        np.sqrt(square_sum, out=root)
        np.add(root, epsilon, out=root)
        np.divide(step, root, out=step)
        np.subtract(p, step, out=p)

    @staticmethod
    def compiled_update(  # type: ignore[override] # other scalars
        p: float,
        g: float,
        sum_rate: float,
        gradient_rate: float,
        keep: float,
        keep_square: float,
        epsilon: float,
        gradient_sum: float,
        square_sum: float,
    ) -> tuple[float, ...]:
        gradient_sum = gradient_sum * keep + g
        square_sum = square_sum * keep_square + g * g
        step = (gradient_sum * sum_rate + g * gradient_rate) / (sqrt(square_sum) + epsilon)
        return p - step, gradient_sum, square_sum

    def memory(self) -> dict[str, float]:
        return {"mu_product": self.mu_product}

    def remember(self, memory: Mapping[str, float]) -> None:
        # A product of factors between 0 and 1; 1 before the first step.
        if not 0 <= memory["mu_product"] <= (1 if self.steps == 0 else self.beta1):
            raise ValueError("mu_product")
        self.mu_product = memory["mu_product"]
