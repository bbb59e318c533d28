"""Softmax and cross-entropy in one step: their joint gradient is p - y, and neither overflows."""

from typing import Any

import numpy as np

from tui_trainer.nn.arrays import Array, Labels


class SoftmaxCrossEntropy:
    """-log softmax(z)[label] in nats, from logits z of shape (rows, classes): its sum over the samples, and the gradient of its mean.

    With `smoothing` ε the label is not told as sure: it has 1 - ε + ε/classes of the weight, every other class ε/classes, in the loss too,
    as PyTorch's `label_smoothing` has it (Szegedy et al. 2016, 7).

    The row maximum is subtracted first, so that no exponential overflows for finite logits; softmax does not change under such a shift.
    All arrays are allocated once, for `rows` samples. On arrays this small a call costs more than its arithmetic, so each step below is
    the cheapest call for it.
    """

    def __init__(self, rows: int, classes: int, dtype: np.dtype[Any], smoothing: float = 0.0) -> None:
        self._row_starts = np.arange(rows) * classes
        self._positions = np.empty(rows, np.intp)
        self._highest = np.empty(rows, np.intp)
        self._right = np.empty(rows, np.bool_)
        self._values: Array = np.empty(rows, dtype)
        self._column: Array = np.empty((rows, 1), dtype)
        self._ones: Array = np.ones((classes, 1), dtype)
        self._weights: Array = np.eye(classes, dtype=dtype) * dtype.type(1 - smoothing) + dtype.type(smoothing / classes)
        self._smoothing, self._share = smoothing, smoothing / classes
        self._targets: Array = np.empty((rows, classes), dtype)

    def __call__(self, logits: Array, labels: Labels, gradient: Array) -> tuple[float, int]:
        """Return the summed loss and the number of correct predictions; write d(mean loss)/d(logits) into `gradient`.

        `logits` (rows, classes) is overwritten; `labels` (rows,) are class indices. In a tie the lowest class is predicted, as by argmax.
        """
        column, values = self._column, self._values
        logits.argmax(1, self._highest)
        correct = int(np.count_nonzero(np.equal(self._highest, labels, out=self._right)))
        self._pick(logits, self._highest, column[:, 0])
        np.subtract(logits, column, out=logits)
        self._pick(logits, labels, values)
        if self._smoothing:
            np.multiply(values, 1 - self._smoothing, out=values)
            np.add(values, self._share * logits.sum(1), out=values)
        np.exp(logits, out=gradient)
        np.dot(gradient, self._ones, column)
        np.divide(gradient, column, out=gradient)
        self._weights.take(labels, 0, self._targets, "clip")
        np.subtract(gradient, self._targets, out=gradient)
        np.multiply(gradient, 1.0 / len(labels), out=gradient)
        np.log(column, out=column)
        np.subtract(column[:, 0], values, out=values)
        # Summed in double precision: an epoch's mean is taken over tens of thousands of samples.
        return sum(values.tolist()), correct

    def _pick(self, logits: Array, classes: Labels, out: Array) -> None:
        """Write logits[row, classes[row]] for each row into `out` (rows,)."""
        np.add(self._row_starts, classes, out=self._positions)
        logits.take(self._positions, None, out, "clip")


def softmax(logits: Array) -> Array:
    """Probabilities of shape (rows, classes), each row summing to 1."""
    exponentials: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
    exponentials /= exponentials.sum(axis=1, keepdims=True)
    return exponentials
