"""The loops behind `compiled`, imported only where numba is installed.

An optimizer or a layer names the loops that are its compiled form. An optimizer's loop equals its `update`: p, g and the slots are flat
float32 vectors of one length, and the scalars are float32 too, so that sums are rounded as NumPy rounds them.
"""

from collections.abc import Callable
from math import sqrt
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tui_trainer.nn.arrays import Array

Scalar: TypeAlias = Any
Bytes: TypeAlias = NDArray[np.uint8]
Numbers: TypeAlias = NDArray[np.intp]

ZERO = np.float32(0)

F = TypeVar("F", bound=Callable[..., None])


def loop(function: F) -> F:
    """The function, compiled at its first call, cached on disk, and run without Python's lock."""
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
            # In this form a NaN stays NaN.
            out[row, unit] = ZERO if z <= 0 else z


@loop
def mask(gradient: Array, out: Array) -> None:
    for row in range(out.shape[0]):
        for unit in range(out.shape[1]):
            # A branch in place of the product would prevent vector instructions.
            gradient[row, unit] *= np.float32(out[row, unit] > 0)


@loop
def compress(inputs: Bytes, columns: NDArray[np.uint16], values: Bytes) -> None:
    found = 0
    for row in range(inputs.shape[0]):
        for column in range(inputs.shape[1]):
            if inputs[row, column]:
                columns[found] = column
                values[found] = inputs[row, column]
                found += 1


@loop
def sparse_product(
    starts: Numbers, columns: NDArray[np.uint16], values: Bytes, scale: Array, samples: Numbers, weight: Array, out: Array
) -> None:
    units = out.shape[1]
    for row in range(samples.size):
        start, stop = starts[samples[row]], starts[samples[row] + 1]
        result = out[row]
        result[:] = 0
        # Eight at a time, summed as two groups of four: the result is read and written an eighth as often.
        while start + 8 <= stop:
            w0, w1, w2, w3 = weight[columns[start]], weight[columns[start + 1]], weight[columns[start + 2]], weight[columns[start + 3]]
            w4, w5, w6, w7 = weight[columns[start + 4]], weight[columns[start + 5]], weight[columns[start + 6]], weight[columns[start + 7]]
            x0, x1, x2, x3 = scale[values[start]], scale[values[start + 1]], scale[values[start + 2]], scale[values[start + 3]]
            x4, x5, x6, x7 = scale[values[start + 4]], scale[values[start + 5]], scale[values[start + 6]], scale[values[start + 7]]
            for unit in range(units):
                four = (x0 * w0[unit] + x1 * w1[unit]) + (x2 * w2[unit] + x3 * w3[unit])
                result[unit] = (result[unit] + four) + ((x4 * w4[unit] + x5 * w5[unit]) + (x6 * w6[unit] + x7 * w7[unit]))
            start += 8
        if start + 4 <= stop:
            w0, w1, w2, w3 = weight[columns[start]], weight[columns[start + 1]], weight[columns[start + 2]], weight[columns[start + 3]]
            x0, x1, x2, x3 = scale[values[start]], scale[values[start + 1]], scale[values[start + 2]], scale[values[start + 3]]
            for unit in range(units):
                result[unit] += (x0 * w0[unit] + x1 * w1[unit]) + (x2 * w2[unit] + x3 * w3[unit])
            start += 4
        while start < stop:
            w, x = weight[columns[start]], scale[values[start]]
            for unit in range(units):
                result[unit] += x * w[unit]
            start += 1


@loop
def sparse_gradient(
    starts: Numbers,
    columns: NDArray[np.uint16],
    values: Bytes,
    scale: Array,
    samples: Numbers,
    gradient: Array,
    out: Array,
    ends: Numbers,
    rows: Numbers,
    factors: Array,
) -> None:
    units = out.shape[1]
    # A counting sort by column: each row of `out` is then summed at one go, and written once.
    ends[:] = 0
    for row in range(samples.size):
        for place in range(starts[samples[row]], starts[samples[row] + 1]):
            ends[columns[place] + 1] += 1
    for column in range(1, ends.size):
        ends[column] += ends[column - 1]
    for row in range(samples.size):
        for place in range(starts[samples[row]], starts[samples[row] + 1]):
            slot = ends[columns[place]]
            ends[columns[place]] = slot + 1
            rows[slot] = row
            factors[slot] = scale[values[place]]
    slot = 0
    for column in range(out.shape[0]):
        result = out[column]
        result[:] = 0
        while slot + 8 <= ends[column]:
            e0, e1, e2, e3 = gradient[rows[slot]], gradient[rows[slot + 1]], gradient[rows[slot + 2]], gradient[rows[slot + 3]]
            e4, e5, e6, e7 = gradient[rows[slot + 4]], gradient[rows[slot + 5]], gradient[rows[slot + 6]], gradient[rows[slot + 7]]
            x0, x1, x2, x3 = factors[slot], factors[slot + 1], factors[slot + 2], factors[slot + 3]
            x4, x5, x6, x7 = factors[slot + 4], factors[slot + 5], factors[slot + 6], factors[slot + 7]
            for unit in range(units):
                four = (x0 * e0[unit] + x1 * e1[unit]) + (x2 * e2[unit] + x3 * e3[unit])
                result[unit] = (result[unit] + four) + ((x4 * e4[unit] + x5 * e5[unit]) + (x6 * e6[unit] + x7 * e7[unit]))
            slot += 8
        if slot + 4 <= ends[column]:
            e0, e1, e2, e3 = gradient[rows[slot]], gradient[rows[slot + 1]], gradient[rows[slot + 2]], gradient[rows[slot + 3]]
            x0, x1, x2, x3 = factors[slot], factors[slot + 1], factors[slot + 2], factors[slot + 3]
            for unit in range(units):
                result[unit] += (x0 * e0[unit] + x1 * e1[unit]) + (x2 * e2[unit] + x3 * e3[unit])
            slot += 4
        while slot < ends[column]:
            error, x = gradient[rows[slot]], factors[slot]
            for unit in range(units):
                result[unit] += x * error[unit]
            slot += 1
