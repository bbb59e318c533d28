"""Samples of which most numbers are 0, as those of MNIST's images are: four fifths of the largest product would multiply by 0."""

from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from tui_trainer.nn.arrays import Images, Labels

SPARSE = 0.35
"""The share of nonzero inputs below which a sparse product is faster than a dense one."""

AT_ONCE = 256
"""Samples that are compressed at once, to stay in the cache."""


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
        every_column = np.broadcast_to(np.arange(rows.width, dtype=np.uint16), (AT_ONCE, rows.width)).copy()
        for first in range(0, len(bytes_), AT_ONCE):
            some = bytes_[first : first + AT_ONCE]
            part = slice(starts[first], starts[first + len(some)])
            rows.values[part] = some[some != 0]
            rows.columns[part] = every_column[: len(some)][some != 0]
        return rows

    @classmethod
    def of(cls, inputs: NDArray[Any]) -> "SparseRows | None":
        """The sparse form of `inputs`; None when they are not bytes, too wide, or not sparse."""
        if inputs.dtype != np.uint8 or inputs.shape[1] > np.iinfo(np.uint16).max:
            return None
        return cls.compress(inputs) if np.count_nonzero(inputs) < SPARSE * inputs.size else None

    def part(self, start: int, stop: int) -> "SparseRows | None":
        """The samples from `start` to `stop`, without a copy; None where they are not sparse."""
        starts = self.starts[start : stop + 1]
        is_sparse = starts[-1] - starts[0] < SPARSE * ((stop - start) * self.width)
        return SparseRows(self.width, starts, self.columns, self.values) if is_sparse else None


class Samples(NamedTuple):
    """What is trained or evaluated on: images (samples, features) or their sparse form, and labels (samples,)."""

    inputs: Images | SparseRows
    labels: Labels
