"""Softmax and cross-entropy, as one step: their joint gradient is p - y, and neither can overflow."""

from typing import Any

import numpy as np

from tui_trainer.nn.arrays import Array, Labels


class SoftmaxCrossEntropy:
    """Mean over the samples of -log softmax(z)[label], in nats, from logits z of shape (rows, classes).

    The row maximum is subtracted first, so that no exponential overflows for any finite logits: softmax does not change under such a
    shift. The arrays of a pass are allocated once, for `rows` samples.
    """

    def __init__(self, rows: int, classes: int, dtype: np.dtype[Any]) -> None:
        self._classes = classes
        self._row_starts = np.arange(rows) * classes
        self._label_positions = np.empty(rows, self._row_starts.dtype)
        self._column = np.empty((rows, 1), dtype)
        self._label_values = np.empty(rows, dtype)
        self._highest = np.empty(rows, np.intp)

    def __call__(self, logits: Array, labels: Labels, gradient: Array) -> tuple[float, int]:
        """Return the summed loss and the number of right answers; write d(mean loss)/d(logits) into `gradient`.

        `logits` (rows, classes) is overwritten; `labels` (rows,) are class indices. A tie counts as the lowest class, as argmax does.
        """
        positions, column, values = self._label_positions, self._column, self._label_values
        np.argmax(logits, 1, out=self._highest)
        correct = int(np.count_nonzero(self._highest == labels))
        np.maximum.reduce(logits, 1, out=column, keepdims=True)
        np.subtract(logits, column, out=logits)
        np.add(self._row_starts, labels, out=positions)
        np.take(logits, positions, out=values, mode="clip")
        np.exp(logits, out=gradient)
        np.add.reduce(gradient, 1, out=column, keepdims=True)
        np.divide(gradient, column, out=gradient)
        gradient.reshape(-1)[positions] -= 1.0
        np.multiply(gradient, 1.0 / len(labels), out=gradient)
        np.log(column, out=column)
        # Summed in float64: an epoch's mean is taken over tens of thousands of these.
        return float(column.sum(dtype=np.float64)) - float(values.sum(dtype=np.float64)), correct


def softmax(logits: Array) -> Array:
    """Probabilities of shape (rows, classes), each row summing to 1."""
    exponentials: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
    exponentials /= exponentials.sum(axis=1, keepdims=True)
    return exponentials
