"""The operations of normalization and of skips. Panels' matrices x̂ and gradients lie row by row without gaps.

A layer's mean over its units is that of its panels' means: each thread hands over two numbers for each sample, not the sample.
"""

from math import sqrt

import numpy as np

from tui_trainer.engine.elementary import ONE, ZERO, Number
from tui_trainer.engine.native import Arguments, floats, inlined, integers
from tui_trainer.nn.normalization.standardization import EPSILON

SMALL = np.float32(EPSILON)

SUM_ALONG_ROWS = ("row_moments", "layer_norm_sums")
"""Operations whose sums run along rows: a processor may add up as many parts of a row at once as it can."""


def add(a: Arguments, step: Arguments) -> None:
    """out ← out + x; a stride of 0 adds one row to all."""
    rows, width, x, x_stride, out, out_stride = a[0], a[1], floats(a[2]), a[3], floats(a[4]), a[5]
    for row in range(rows):
        p, o = row * x_stride, row * out_stride
        for unit in range(width):
            out[o + unit] += x[p + unit]


def copy(a: Arguments, step: Arguments) -> None:
    """out ← x."""
    rows, width, x, x_stride, out, out_stride = a[0], a[1], floats(a[2]), a[3], floats(a[4]), a[5]
    for row in range(rows):
        p, o = row * x_stride, row * out_stride
        for unit in range(width):
            out[o + unit] = x[p + unit]


# Batch normalization: a panel's units over all rows


def batch_norm(a: Arguments, step: Arguments) -> None:
    """x̂ and γ x̂ + β by the batch's mean and variance, which are kept, and the factor 1 / √(σ² + ε)."""
    rows, width, x, x_stride, standard, out, out_stride = a[0], a[1], floats(a[2]), a[3], floats(a[4]), floats(a[5]), a[6]
    weight, bias, mean, variance, factor = floats(a[7]), floats(a[8]), floats(a[9]), floats(a[10]), floats(a[11])
    share = ONE / np.float32(rows)
    for unit in range(width):
        mean[unit] = ZERO
        variance[unit] = ZERO
    for row in range(rows):
        for unit in range(width):
            mean[unit] += x[row * x_stride + unit]
    for unit in range(width):
        mean[unit] *= share
    for row in range(rows):
        for unit in range(width):
            away = x[row * x_stride + unit] - mean[unit]
            standard[row * width + unit] = away
            variance[unit] += away * away
    for unit in range(width):
        variance[unit] *= share
        factor[unit] = ONE / sqrt(variance[unit] + SMALL)
    for row in range(rows):
        for unit in range(width):
            away = standard[row * width + unit] * factor[unit]
            standard[row * width + unit] = away
            out[row * out_stride + unit] = away * weight[unit] + bias[unit]


def batch_norm_by_running(a: Arguments, step: Arguments) -> None:
    """The same by the running means: in evaluation, and for a batch of one."""
    rows, width, x, x_stride, standard, out, out_stride = a[0], a[1], floats(a[2]), a[3], floats(a[4]), floats(a[5]), a[6]
    weight, bias, mean, variance, factor = floats(a[7]), floats(a[8]), floats(a[9]), floats(a[10]), floats(a[11])
    for unit in range(width):
        factor[unit] = ONE / sqrt(variance[unit] + SMALL)
    for row in range(rows):
        for unit in range(width):
            away = (x[row * x_stride + unit] - mean[unit]) * factor[unit]
            standard[row * width + unit] = away
            out[row * out_stride + unit] = away * weight[unit] + bias[unit]


@inlined
def _scale_gradients(
    rows: int, width: int, gradient: Arguments, standard: Arguments, weight_gradient: Arguments, bias_gradient: Arguments
) -> None:
    for unit in range(width):
        weight_gradient[unit] = ZERO
        bias_gradient[unit] = ZERO
    for row in range(rows):
        for unit in range(width):
            bias_gradient[unit] += gradient[row * width + unit]
            weight_gradient[unit] += gradient[row * width + unit] * standard[row * width + unit]


def batch_norm_gradient(a: Arguments, step: Arguments) -> None:
    """The gradients at γ and β, and at x in place of that at the output. Of one row, mean and variance are constants."""
    rows, width, gradient, standard, weight, factor = a[0], a[1], floats(a[2]), floats(a[3]), floats(a[4]), floats(a[5])
    weight_gradient, bias_gradient = floats(a[6]), floats(a[7])
    _scale_gradients(rows, width, gradient, standard, weight_gradient, bias_gradient)
    share = ONE / np.float32(rows) if rows > 1 else ZERO
    for row in range(rows):
        for unit in range(width):
            place = row * width + unit
            lean = (bias_gradient[unit] + standard[place] * weight_gradient[unit]) * share
            gradient[place] = (gradient[place] - lean) * (weight[unit] * factor[unit])


def move_running(a: Arguments, step: Arguments) -> None:
    """The running means, moved towards the batch's mean and variance. `rates` are the share of the new, and the variance's correction."""
    width, mean, variance, running_mean, running_variance = a[0], floats(a[1]), floats(a[2]), floats(a[3]), floats(a[4])
    rates = floats(a[5])
    for unit in range(width):
        running_mean[unit] += (mean[unit] - running_mean[unit]) * rates[0]
        running_variance[unit] += (variance[unit] * rates[1] - running_variance[unit]) * rates[0]


# Layer normalization: each row over the units of all panels


@inlined
def _sum(x: Arguments, p: int, width: int) -> Number:
    total = ZERO
    for unit in range(width):
        total += x[p + unit]
    return total


@inlined
def _sum_products(x: Arguments, y: Arguments, p: int, width: int) -> Number:
    total = ZERO
    for unit in range(width):
        total += x[p + unit] * y[p + unit]
    return total


def row_moments(a: Arguments, step: Arguments) -> None:
    """Each row's mean and sum of squared distances from it, over a panel's units. The distances are left in `away`."""
    start, stop, width, x, x_stride, away, moments = a[0], a[1], a[2], floats(a[3]), a[4], floats(a[5]), floats(a[6])
    share = ONE / np.float32(width)
    for row in range(start, stop):
        p, q = row * x_stride, row * width
        mean = _sum(x, p, width) * share
        for unit in range(width):
            away[q + unit] = x[p + unit] - mean
        moments[2 * row] = mean
        moments[2 * row + 1] = _sum_products(away, away, q, width)


def layer_norm(a: Arguments, step: Arguments) -> None:
    """x̂ and γ x̂ + β of a panel, by the moments of all `panels`, whose `sizes` are their units; the factor of each row is kept."""
    start, stop, width, x, x_stride, standard = a[0], a[1], a[2], floats(a[3]), a[4], floats(a[5])
    out, out_stride, weight, bias, factor = floats(a[6]), a[7], floats(a[8]), floats(a[9]), floats(a[10])
    panels, rows, moments, sizes = a[11], a[12], floats(a[13]), integers(a[14])
    units = 0
    for panel in range(panels):
        units += sizes[panel]
    for row in range(start, stop):
        mean, squares = ZERO, ZERO
        for panel in range(panels):
            mean += moments[2 * (panel * rows + row)] * np.float32(sizes[panel])
        mean /= np.float32(units)
        for panel in range(panels):
            away = moments[2 * (panel * rows + row)] - mean
            squares += moments[2 * (panel * rows + row) + 1] + away * away * np.float32(sizes[panel])
        scale = ONE / sqrt(squares / np.float32(units) + SMALL)
        factor[row] = scale
        for unit in range(width):
            away = (x[row * x_stride + unit] - mean) * scale
            standard[row * width + unit] = away
            out[row * out_stride + unit] = away * weight[unit] + bias[unit]


def layer_norm_sums(a: Arguments, step: Arguments) -> None:
    """A panel's gradients at γ and β, the gradient at x̂ in place of that at the output, and its sums over the units of each row."""
    rows, width, gradient, standard, weight = a[0], a[1], floats(a[2]), floats(a[3]), floats(a[4])
    weight_gradient, bias_gradient, sums = floats(a[5]), floats(a[6]), floats(a[7])
    _scale_gradients(rows, width, gradient, standard, weight_gradient, bias_gradient)
    for row in range(rows):
        p = row * width
        for unit in range(width):
            gradient[p + unit] *= weight[unit]
        sums[2 * row] = _sum(gradient, p, width)
        sums[2 * row + 1] = _sum_products(gradient, standard, p, width)


def layer_norm_gradient(a: Arguments, step: Arguments) -> None:
    """The gradient at x in place of that at x̂, by the sums of all panels."""
    rows, width, gradient, standard, factor = a[0], a[1], floats(a[2]), floats(a[3]), floats(a[4])
    panels, sums, sizes = a[5], floats(a[6]), integers(a[7])
    units = 0
    for panel in range(panels):
        units += sizes[panel]
    for row in range(rows):
        total, slant = ZERO, ZERO
        for panel in range(panels):
            total += sums[2 * (panel * rows + row)]
            slant += sums[2 * (panel * rows + row) + 1]
        total /= np.float32(units)
        slant /= np.float32(units)
        for unit in range(width):
            place = row * width + unit
            gradient[place] = (gradient[place] - total - standard[place] * slant) * factor[row]
