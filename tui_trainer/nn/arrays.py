"""Array types, and aligned memory."""

import math
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
"""float32 in training, float64 where a test compares with exact mathematics."""

Labels: TypeAlias = NDArray[np.integer[Any]]
"""Class indices, one per sample."""

Images: TypeAlias = NDArray[np.uint8] | NDArray[np.float32]
"""Pixels: bytes, to be divided by 255, or numbers that are used as they are."""

CACHE_LINE = 64


def zeros(shape: int | tuple[int, ...], dtype: DTypeLike, order: Literal["C", "F"] = "C") -> NDArray[Any]:
    """An array of zeros that begins at a cache line: sixteen float32 that straddle two lines take twice as long to load."""
    itemsize = np.dtype(dtype).itemsize
    size = math.prod(shape) if isinstance(shape, tuple) else shape
    memory = np.zeros(size * itemsize + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + size * itemsize].view(dtype).reshape(shape, order=order)


__all__ = ["CACHE_LINE", "Array", "DTypeLike", "Images", "Labels", "zeros"]
