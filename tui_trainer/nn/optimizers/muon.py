"""Muon."""

from math import sqrt
from types import MappingProxyType
from typing import Final, final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.optimizers import Hyperparameter, Optimizer, Tensor
from tui_trainer.nn.parts import LEAST_EPSILON

COEFFICIENTS: Final = (3.4445, -4.7750, 2.0315)
"""Of the polynomial aX + bXXᵀX + c(XXᵀ)²X, which draws all singular values near 1, between 0.7 and 1.2, as fast as can be."""

AS_ADAMS: Final = 0.2
"""The root mean square of a typical step of Adam's at a rate of 1: both kinds of parameters can have one rate (Liu et al. 2025)."""


def orthogonalized(matrix: Array, steps: int, epsilon: float) -> Array:
    """Nearly U Vᵀ of the matrix U S Vᵀ, by some steps of a Newton-Schulz iteration in the matrix's own precision."""
    a, b, c = COEFFICIENTS
    x = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / max(float(np.linalg.norm(x)), epsilon)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x


@final
class Muon(Optimizer):
    """For each hidden matrix v ← μv + (1-μ)g; p ← p - 0.2η √max(rows, columns) O((1-μ)g + μv), where O takes the nearest orthogonal matrix.

    All directions of a step have the same length then (Keller Jordan et al. 2024). The first and the last matrix, biases and learned slopes
    are AdamW's. As PyTorch's Muon with `adjust_lr_fn="match_rms_adamw"`, so that both have one learning rate, but in float32 and not in
    bfloat16; weight decay is decoupled.
    """

    year = 2024
    summary = "hidden matrices take steps of one length in all directions; AdamW for the rest"
    per_tensor = True
    decoupled_decay = True
    default_weight_decay = 0.1
    adaptive = True
    slots = MappingProxyType({"gradient_mean": 0.0, "square_mean": 0.0})

    momentum = Hyperparameter(0.95, "share of the velocity kept at each step", least=0, below=1, usual=(0, 0.5, 0.9, 0.95, 0.99))
    ns_steps = Hyperparameter(5, "steps of the Newton-Schulz iteration", least=1, most=100, whole=True, usual=(1, 3, 5, 10))
    beta1 = Hyperparameter(0.9, "share of the mean gradient kept at each step", least=0, below=1, usual=(0, 0.5, 0.9, 0.95, 0.99))
    beta2 = Hyperparameter(0.999, "share of the mean square kept at each step", least=0, below=1, usual=(0.9, 0.99, 0.999, 0.9999))
    epsilon = Hyperparameter(1e-7, "keeps division finite", above=0, least=LEAST_EPSILON, usual=(1e-8, 1e-7, 1e-5, 1e-3))

    def update(self, p: Array, g: Array, rate: float, tensor: Tensor, gradient_mean: Array, square_mean: Array) -> None:
        if tensor.role == "hidden":
            gradient_mean += (1 - self.momentum) * (g - gradient_mean)
            step = orthogonalized(g + self.momentum * (gradient_mean - g), int(self.ns_steps), self.epsilon)
            p -= AS_ADAMS * rate * sqrt(max(p.shape)) * step
            return
        gradient_mean *= self.beta1
        gradient_mean += (1 - self.beta1) * g
        square_mean *= self.beta2
        square_mean += (1 - self.beta2) * g * g
        root = np.sqrt(square_mean / (1 - self.beta2**self.steps)) + self.epsilon
        p -= rate / (1 - self.beta1**self.steps) * gradient_mean / root
