"""Compiled loops for the busiest parts of training, when numba is installed (`pip install 'tui-trainer[fast]'`).

NumPy reads an array once per operation; a compiled loop reads it once in all. Each loop computes what the NumPy code does, in the same
order and without fast-math, and so gives the same bits. Only the products of sparse inputs are summed in another order.
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from tui_trainer.nn.arrays import Array

SPARSE = 0.35
"""The share of nonzero inputs below which a sparse product is faster than a dense one."""


@cache
def kernels() -> Any:
    """The module of compiled loops, or None when numba is not installed."""
    return import_module("tui_trainer.nn.kernels") if find_spec("numba") else None


@final
class SparseRows:
    """A byte matrix (samples, features) in compressed sparse row form.

    The nonzero entries of sample i are `columns[starts[i]:starts[i + 1]]` (their features) and the same part of `values`; `starts` is
    (samples + 1,).
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
        """The sparse form of `inputs`; None without numba, or when they are not bytes, too wide, or not sparse."""
        if kernels() is None or inputs.dtype != np.uint8 or inputs.shape[1] > np.iinfo(np.uint16).max:
            return None
        return cls.compress(inputs) if np.count_nonzero(inputs) < SPARSE * inputs.size else None

    def part(self, start: int, stop: int) -> "SparseRows | None":
        """The samples from `start` to `stop`, without a copy; None where they are not sparse."""
        starts = self.starts[start : stop + 1]
        is_sparse = starts[-1] - starts[0] < SPARSE * ((stop - start) * self.width)
        return SparseRows(self.width, starts, self.columns, self.values) if is_sparse else None

    def times(self, samples: NDArray[np.intp], weight: Array, out: Array) -> None:
        """out ← inputs[samples] / 255 @ weight, with `samples` (rows,), `weight` (features, units) and `out` (rows, units)."""
        kernels().sparse_product(self.starts, self.columns, self.values, self.scale, samples, weight, out)

    def scratch(self, samples: int) -> tuple[NDArray[Any], ...]:
        """The memory in which `transposed_times` sorts that many samples by column."""
        most = samples * int(np.diff(self.starts).max(initial=0))
        return np.empty(self.width + 1, np.intp), np.empty(most, np.intp), np.empty(most, np.float32)

    def transposed_times(self, samples: NDArray[np.intp], gradient: Array, out: Array, scratch: tuple[NDArray[Any], ...]) -> None:
        """out ← (inputs[samples] / 255)ᵀ @ gradient, with `gradient` (rows, units) and `out` (features, units)."""
        kernels().sparse_gradient(self.starts, self.columns, self.values, self.scale, samples, gradient, out, *scratch)
