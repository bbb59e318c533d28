"""Compiled loops for the busiest parts of training, when numba is installed (`pip install 'tui-trainer[fast]'`).

NumPy walks over an array once per operation; a compiled loop walks over it once. Each loop does what the NumPy code it stands in for does,
in the same order and without fast-math, and so gives the same bits; only the products of sparse inputs sum in an order of their own.
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from tui_trainer.nn.arrays import Array

SPARSE = 0.35
"""Inputs with a smaller share of numbers that are not 0 are multiplied number by number; above it a dense product is faster."""


@cache
def kernels() -> Any:
    """The module of compiled loops, or None when numba is not installed."""
    return import_module("tui_trainer.nn.kernels") if find_spec("numba") else None


@final
class SparseRows:
    """Bytes (samples, features), few of which are not 0: the places and values of those few, sample after sample.

    Those of sample i stand from `starts[i]` to `starts[i + 1]` in `columns`, their features, and in `values`; `starts` is (samples + 1,).
    """

    def __init__(self, width: int, starts: NDArray[np.intp], columns: NDArray[np.uint16], values: NDArray[np.uint8]) -> None:
        self.width = width
        self.starts = starts
        self.columns = columns
        self.values = values
        self.scale = np.arange(256, dtype=np.float32) / np.float32(255)

    @classmethod
    def compress(cls, bytes_: NDArray[np.uint8]) -> "SparseRows":
        """The sparse form of any bytes (samples, features), however many are 0."""
        starts = np.concatenate([[0], np.count_nonzero(bytes_, axis=1).cumsum()])
        rows = cls(bytes_.shape[1], starts, np.empty(starts[-1], np.uint16), np.empty(starts[-1], np.uint8))
        kernels().compress(bytes_, rows.columns, rows.values)
        return rows

    @classmethod
    def of(cls, inputs: NDArray[Any]) -> "SparseRows | None":
        """The sparse form of `inputs`; None without numba, or when they are no bytes, too wide, or not sparse."""
        if kernels() is None or inputs.dtype != np.uint8 or inputs.shape[1] > np.iinfo(np.uint16).max:
            return None
        return cls.compress(inputs) if np.count_nonzero(inputs) < SPARSE * inputs.size else None

    def part(self, start: int, stop: int) -> "SparseRows | None":
        """Some of the samples, without a copy; None where `of` would give none for them."""
        starts = self.starts[start : stop + 1]
        is_sparse = starts[-1] - starts[0] < SPARSE * ((stop - start) * self.width)
        return SparseRows(self.width, starts, self.columns, self.values) if is_sparse else None

    def times(self, samples: NDArray[np.intp], weight: Array, out: Array) -> None:
        """out ← inputs[samples] / 255 @ weight, with `samples` (rows,), `weight` (features, units) and `out` (rows, units)."""
        kernels().sparse_product(self.starts, self.columns, self.values, self.scale, samples, weight, out)

    def scratch(self, samples: int) -> tuple[NDArray[Any], ...]:
        """What `transposed_times` needs to sort that many samples by column."""
        most = samples * int(np.diff(self.starts).max(initial=0))
        return np.empty(self.width + 1, np.intp), np.empty(most, np.intp), np.empty(most, np.float32)

    def transposed_times(self, samples: NDArray[np.intp], gradient: Array, out: Array, scratch: tuple[NDArray[Any], ...]) -> None:
        """out ← (inputs[samples] / 255)ᵀ @ gradient, with `gradient` (rows, units) and `out` (features, units)."""
        kernels().sparse_gradient(self.starts, self.columns, self.values, self.scale, samples, gradient, out, *scratch)
