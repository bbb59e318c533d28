"""The loops behind `compiled`: imported only where numba is installed.

Those of the optimizers are named after the rule whose `update` they equal: p, g and the slots are flat float32 vectors of one length, and
the scalars are float32 too, or the sums would be rounded otherwise than NumPy's.
"""

from collections.abc import Callable
from math import sqrt
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np
from numba import njit

from tui_trainer.nn.arrays import Array

Scalar: TypeAlias = Any

ZERO = np.float32(0)

F = TypeVar("F", bound=Callable[..., None])


def loop(function: F) -> F:
    """Compile at the first call, keep the result on disk, and let other threads run meanwhile."""
    return cast("F", njit(cache=True, nogil=True, error_model="numpy")(function))


@loop
def sgd(p: Array, g: Array, rate: Scalar) -> None:
    for i in range(p.size):
        p[i] -= g[i] * rate


@loop
def momentum(p: Array, g: Array, velocity: Array, rate: Scalar, keep: Scalar) -> None:
    for i in range(p.size):
        velocity[i] = velocity[i] * keep + g[i]
        p[i] -= velocity[i] * rate


@loop
def nesterov(p: Array, g: Array, velocity: Array, rate: Scalar, keep: Scalar) -> None:
    for i in range(p.size):
        velocity[i] = velocity[i] * keep + g[i]
        p[i] -= (velocity[i] * keep + g[i]) * rate


@loop
def adagrad(p: Array, g: Array, square_sum: Array, rate: Scalar, epsilon: Scalar) -> None:
    for i in range(p.size):
        square_sum[i] += g[i] * g[i]
        p[i] -= g[i] / (sqrt(square_sum[i]) + epsilon) * rate


@loop
def rmsprop(p: Array, g: Array, square_sum: Array, rate: Scalar, keep: Scalar, epsilon: Scalar) -> None:
    for i in range(p.size):
        square_sum[i] = square_sum[i] * keep + g[i] * g[i]
        p[i] -= g[i] / (sqrt(square_sum[i]) + epsilon) * rate


@loop
def adam(
    p: Array, g: Array, gradient_sum: Array, square_sum: Array, rate: Scalar, keep: Scalar, keep_square: Scalar, epsilon: Scalar
) -> None:
    for i in range(p.size):
        gradient_sum[i] = gradient_sum[i] * keep + g[i]
        square_sum[i] = square_sum[i] * keep_square + g[i] * g[i]
        p[i] -= gradient_sum[i] / (sqrt(square_sum[i]) + epsilon) * rate


@loop
def nadam(
    p: Array,
    g: Array,
    gradient_sum: Array,
    square_sum: Array,
    sum_rate: Scalar,
    gradient_rate: Scalar,
    keep: Scalar,
    keep_square: Scalar,
    epsilon: Scalar,
) -> None:
    for i in range(p.size):
        gradient_sum[i] = gradient_sum[i] * keep + g[i]
        square_sum[i] = square_sum[i] * keep_square + g[i] * g[i]
        p[i] -= (gradient_sum[i] * sum_rate + g[i] * gradient_rate) / (sqrt(square_sum[i]) + epsilon)


@loop
def add_bias_and_rectify(out: Array, bias: Array) -> None:
    for row in range(out.shape[0]):
        for unit in range(out.shape[1]):
            z = out[row, unit] + bias[unit]
            # Written so that a NaN stays one.
            out[row, unit] = ZERO if z <= 0 else z


@loop
def mask_and_sum(gradient: Array, out: Array, bias_gradient: Array) -> None:
    for unit in range(out.shape[1]):
        bias_gradient[unit] = 0
    for row in range(out.shape[0]):
        for unit in range(out.shape[1]):
            if out[row, unit] <= 0:
                gradient[row, unit] = 0
            bias_gradient[unit] += gradient[row, unit]
