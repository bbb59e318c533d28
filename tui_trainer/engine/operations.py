"""The operations of a training step, each over a part of its arrays: what one thread computes between two meetings.

`a` are the operation's arguments, sizes and addresses, in the order of its first lines. `step` are the addresses of what changes with every
step. Matrices are row by row; `stride` is the distance between two rows of one that is shared by the threads.
An activation has two operations, of which one writes f(z + b), and the other multiplies the gradient by f': formulas.py writes their text,
and that of an optimizer's, with what is here at hand.
"""

from math import isnan, log, sqrt

import numpy as np

from tui_trainer.engine import elementary
from tui_trainer.engine.elementary import ONE, ZERO, Number
from tui_trainer.engine.native import (
    Arguments,
    doubles,
    floats,
    inlined,
    integers,
    next_uint32,
    octets,
    sgemm_32,
    sgemm_64,
    shorts,
)
from tui_trainer.engine.places import DECAY, FIRST, FLUSH, SAMPLES, SCALARS, SHRINK  # noqa: F401 formulas.py's texts use them all

NEGLIGIBLE = np.float32(1e-25)

LINE = 16
"""Numbers in a cache line."""

# The samples


def load_bytes(a: Arguments, step: Arguments) -> None:
    start, stop, features, images, out = a[0], a[1], a[2], octets(a[3]), floats(a[4])
    samples = integers(step[SAMPLES])
    for row in range(start, stop):
        image, place = samples[row] * features, row * features
        for feature in range(features):
            out[place + feature] = np.float32(images[image + feature]) / np.float32(255)


def load_floats(a: Arguments, step: Arguments) -> None:
    start, stop, features, images, out = a[0], a[1], a[2], floats(a[3]), floats(a[4])
    samples = integers(step[SAMPLES])
    for row in range(start, stop):
        image, place = samples[row] * features, row * features
        for feature in range(features):
            out[place + feature] = images[image + feature]


@inlined
def _add_row(out: Arguments, o: int, x: Number, matrix: Arguments, row: int, width: int) -> None:
    """out ← out + x · a row."""
    for unit in range(width):
        out[o + unit] += x * matrix[row + unit]


@inlined
def _add_eight(
    out: Arguments, o: int, scale: Arguments, values: Arguments, matrix: Arguments, rows: Arguments, place: int, width: int
) -> None:
    """The same for eight entries from a place on: the result is read and written an eighth as often."""
    r0, r1, r2, r3 = rows[place] * width, rows[place + 1] * width, rows[place + 2] * width, rows[place + 3] * width
    r4, r5, r6, r7 = rows[place + 4] * width, rows[place + 5] * width, rows[place + 6] * width, rows[place + 7] * width
    x0, x1, x2, x3 = scale[values[place]], scale[values[place + 1]], scale[values[place + 2]], scale[values[place + 3]]
    x4, x5, x6, x7 = scale[values[place + 4]], scale[values[place + 5]], scale[values[place + 6]], scale[values[place + 7]]
    for unit in range(width):
        four = (x0 * matrix[r0 + unit] + x1 * matrix[r1 + unit]) + (x2 * matrix[r2 + unit] + x3 * matrix[r3 + unit])
        more = (x4 * matrix[r4 + unit] + x5 * matrix[r5 + unit]) + (x6 * matrix[r6 + unit] + x7 * matrix[r7 + unit])
        out[o + unit] = (out[o + unit] + four) + more


def sparse_product(a: Arguments, step: Arguments) -> None:
    """out ← x W for samples in sparse form."""
    start, stop, width, starts, columns, values = a[0], a[1], a[2], integers(a[3]), shorts(a[4]), octets(a[5])
    scale, weight, out, stride = floats(a[6]), floats(a[7]), floats(a[8]), a[9]
    samples = integers(step[SAMPLES])
    for row in range(start, stop):
        o = row * stride
        place, end = starts[samples[row]], starts[samples[row] + 1]
        for unit in range(width):
            out[o + unit] = ZERO
        while place + 8 <= end:
            _add_eight(out, o, scale, values, weight, columns, place, width)
            place += 8
        while place < end:
            _add_row(out, o, scale[values[place]], weight, columns[place] * width, width)
            place += 1


@inlined
def _first(columns: Arguments, place: int, end: int, column: int) -> int:
    """The first place of a sample's entries, whose columns rise, that is not before a column."""
    while place < end:
        middle = (place + end) // 2
        if columns[middle] < column:
            place = middle + 1
        else:
            end = middle
    return place


def sort_columns(a: Arguments, step: Arguments) -> None:
    """A counting sort of some columns' entries: a row of the gradient is then summed at one go, and written once.

    Column c's entries are from ends[c] to ends[c + 1].
    """
    start, stop, rows, starts, columns, values = a[0], a[1], a[2], integers(a[3]), shorts(a[4]), octets(a[5])
    ends, sorted_rows, sorted_values = integers(a[6]), shorts(a[7]), octets(a[8])
    samples = integers(step[SAMPLES])
    for column in range(start, stop):
        ends[column + 1] = 0
    place = 0
    for row in range(rows):
        begin, end = starts[samples[row]], starts[samples[row] + 1]
        entry = _first(columns, begin, end, start)
        place += entry - begin
        while entry < end and columns[entry] < stop:
            ends[columns[entry] + 1] += 1
            entry += 1
    if start == 0:
        ends[0] = 0
    for column in range(start, stop):
        count = ends[column + 1]
        ends[column + 1] = place
        place += count
    for row in range(rows):
        end = starts[samples[row] + 1]
        entry = _first(columns, starts[samples[row]], end, start)
        while entry < end and columns[entry] < stop:
            slot = ends[columns[entry] + 1]
            ends[columns[entry] + 1] = slot + 1
            sorted_rows[slot] = row
            sorted_values[slot] = values[entry]
            entry += 1


def sparse_gradient(a: Arguments, step: Arguments) -> None:
    """out ← xᵀ g for some columns of samples in sparse form."""
    start, stop, width, ends, rows, values = a[0], a[1], a[2], integers(a[3]), shorts(a[4]), octets(a[5])
    scale, gradient, out = floats(a[6]), floats(a[7]), floats(a[8])
    for column in range(start, stop):
        o = (column - start) * width
        slot, end = ends[column], ends[column + 1]
        for unit in range(width):
            out[o + unit] = ZERO
        while slot + 8 <= end:
            _add_eight(out, o, scale, values, gradient, rows, slot, width)
            slot += 8
        if slot + 4 <= end:
            e0, e1, e2, e3 = rows[slot] * width, rows[slot + 1] * width, rows[slot + 2] * width, rows[slot + 3] * width
            x0, x1, x2, x3 = scale[values[slot]], scale[values[slot + 1]], scale[values[slot + 2]], scale[values[slot + 3]]
            for unit in range(width):
                out[o + unit] += (x0 * gradient[e0 + unit] + x1 * gradient[e1 + unit]) + (
                    x2 * gradient[e2 + unit] + x3 * gradient[e3 + unit]
                )
            slot += 4
        while slot < end:
            _add_row(out, o, scale[values[slot]], gradient, rows[slot] * width, width)
            slot += 1


def scatter_gradient(a: Arguments, step: Arguments) -> None:
    """The same for a narrow layer, whose rows take less time to be read and written again than to be sorted."""
    start, stop, rows, width, starts, columns, values = a[0], a[1], a[2], a[3], integers(a[4]), shorts(a[5]), octets(a[6])
    scale, gradient, out = floats(a[7]), floats(a[8]), floats(a[9])
    samples = integers(step[SAMPLES])
    for i in range(start * width, stop * width):
        out[i] = ZERO
    for row in range(rows):
        g, end = row * width, starts[samples[row] + 1]
        place = _first(columns, starts[samples[row]], end, start)
        while place < end and columns[place] < stop:
            _add_row(out, columns[place] * width, scale[values[place]], gradient, g, width)
            place += 1


# Matrices


def product_64(a: Arguments, step: Arguments) -> None:
    """C ← op(A) B, or C + op(A) B, by a BLAS whose sizes have 64 bits."""
    sgemm_64(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], np.float32(a[9]), a[10], a[11])


def product_32(a: Arguments, step: Arguments) -> None:
    """The same by a BLAS whose sizes have 32 bits."""
    sgemm_32(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], np.float32(a[9]), a[10], a[11])


def touch(a: Arguments, step: Arguments) -> None:
    """Read a number of each cache line of x, all at once: what another core has written is fetched in less time than line by line."""
    rows, columns, x, stride, out = a[0], a[1], floats(a[2]), a[3], floats(a[4])
    total = ZERO
    for row in range(rows):
        for place in range(row * stride, row * stride + columns, LINE):
            total += x[place]
    out[0] = total


def transpose(a: Arguments, step: Arguments) -> None:
    """out (columns, rows) ← x (rows, columns)."""
    rows, columns, x, x_stride, out, out_stride = a[0], a[1], floats(a[2]), a[3], floats(a[4]), a[5]
    column = 0
    # Four columns at a time: a cache line that is fetched is read more than once.
    while column + 4 <= columns:
        o = column * out_stride
        for row in range(rows):
            place = row * x_stride + column
            out[o + row] = x[place]
            out[o + out_stride + row] = x[place + 1]
            out[o + 2 * out_stride + row] = x[place + 2]
            out[o + 3 * out_stride + row] = x[place + 3]
        column += 4
    while column < columns:
        for row in range(rows):
            out[column * out_stride + row] = x[row * x_stride + column]
        column += 1


def transpose_sum(a: Arguments, step: Arguments) -> None:
    """out (columns, rows) ← x + y, both (rows, columns)."""
    rows, columns, x, y, stride, out, out_stride = a[0], a[1], floats(a[2]), floats(a[3]), a[4], floats(a[5]), a[6]
    column = 0
    while column + 4 <= columns:
        o = column * out_stride
        for row in range(rows):
            place = row * stride + column
            out[o + row] = x[place] + y[place]
            out[o + out_stride + row] = x[place + 1] + y[place + 1]
            out[o + 2 * out_stride + row] = x[place + 2] + y[place + 2]
            out[o + 3 * out_stride + row] = x[place + 3] + y[place + 3]
        column += 4
    while column < columns:
        for row in range(rows):
            out[column * out_stride + row] = x[row * stride + column] + y[row * stride + column]
        column += 1


def sum_rows(a: Arguments, step: Arguments) -> None:
    """out ← the sums of x's columns, such as a bias's gradient."""
    rows, columns, x, stride, out = a[0], a[1], floats(a[2]), a[3], floats(a[4])
    for column in range(columns):
        out[column] = ZERO
    for row in range(rows):
        for column in range(columns):
            out[column] += x[row * stride + column]


# Dropout


def draw_mask(a: Arguments, step: Arguments) -> None:
    """NumPy's own random numbers, in the order in which its layers would draw them."""
    count, function, state, rate, out = a[0], a[1], a[2], floats(a[3]), floats(a[4])
    for i in range(count):
        number = np.float32(next_uint32(function, state) >> np.uint32(8)) * np.float32(1 / 16777216)
        out[i] = rate[1] if number >= rate[0] else ZERO


def multiply(a: Arguments, step: Arguments) -> None:
    """values ← values * mask, in place: of two names for one memory a compiler has to think the worst."""
    rows, width, mask, mask_stride, values, stride = a[0], a[1], floats(a[2]), a[3], floats(a[4]), a[5]
    for row in range(rows):
        m, v = row * mask_stride, row * stride
        for unit in range(width):
            values[v + unit] *= mask[m + unit]


def apply_mask(a: Arguments, step: Arguments) -> None:
    """out ← values * mask."""
    rows, width, mask, mask_stride, values, stride, out, out_stride = a[0], a[1], floats(a[2]), a[3], floats(a[4]), a[5], floats(a[6]), a[7]
    for row in range(rows):
        m, v, o = row * mask_stride, row * stride, row * out_stride
        for unit in range(width):
            out[o + unit] = values[v + unit] * mask[m + unit]


# The loss


def softmax_cross_entropy(a: Arguments, step: Arguments) -> None:
    """The loss's sum, the right predictions, and the mean loss's gradient p - y, as it is and transposed.

    `weights` are those of the label and of any other class, and what is left of the label's by smoothing.
    """
    start, stop, rows, classes, logits, bias = a[0], a[1], a[2], a[3], floats(a[4]), floats(a[5])
    gradient, transposed, loss, correct = floats(a[6]), floats(a[7]), doubles(a[8]), integers(a[9])
    samples, labels, weights = integers(step[SAMPLES]), integers(a[10]), floats(a[11])
    on, off, sure = weights[0], weights[1], weights[2]
    total, right, share = 0.0, 0, ONE / np.float32(rows)
    for row in range(start, stop):
        o, label, best = row * classes, labels[samples[row]], 0
        for unit in range(classes):
            logits[o + unit] += bias[unit]
        highest = logits[o]
        for unit in range(1, classes):
            # A NaN is higher than anything, as for argmax.
            if logits[o + unit] > highest or (isnan(logits[o + unit]) and not isnan(highest)):
                best, highest = unit, logits[o + unit]
        own = logits[o + label] - highest
        if off > ZERO:
            whole = ZERO
            for unit in range(classes):
                whole += logits[o + unit] - highest
            own = sure * own + off * whole
        for unit in range(classes):
            logits[o + unit] = elementary.exp(logits[o + unit] - highest)
        size = ZERO
        for unit in range(classes):
            size += logits[o + unit]
        for unit in range(classes):
            p = logits[o + unit] / size
            error = (p - (on if unit == label else off)) * share
            gradient[o + unit] = error
            transposed[unit * rows + row] = error
        total += np.float64(np.float32(log(size)) - own)
        right += best == label
    loss[0], correct[0] = total, right


# Clipping, and what updates have in common; they and the activations are made in formulas.py


def clear(a: Arguments, step: Arguments) -> None:
    doubles(a[0])[0] = 0.0


def add_squares(a: Arguments, step: Arguments) -> None:
    count, gradient, out = a[0], floats(a[1]), doubles(a[2])
    total = 0.0
    for i in range(count):
        total += np.float64(gradient[i]) * np.float64(gradient[i])
    out[0] += total


def clip(a: Arguments, step: Arguments) -> None:
    """The factor that scales all gradients to the norm `most` where theirs is larger (Pascanu et al. 2013), as PyTorch does."""
    count, squares, most, factor = a[0], doubles(a[1]), doubles(a[2]), floats(a[3])
    total = 0.0
    for i in range(count):
        total += squares[i]
    norm = sqrt(total)
    factor[0] = np.float32(most[0] / (norm + 1e-6)) if norm > most[0] else ONE


@inlined
def _flush(slot: Arguments, count: int) -> None:
    for i in range(count):
        slot[i] = slot[i] if abs(slot[i]) >= NEGLIGIBLE else ZERO
