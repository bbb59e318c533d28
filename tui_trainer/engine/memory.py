"""Memory by its address."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

PAGE = 4096
"""Bytes in a page: what lies on different pages lies in no common cache line, and is fetched by no common prefetch."""


def place_of(array: NDArray[Any]) -> int:
    """The address of an array's first element."""
    return int(array.ctypes.data)


def pages(size: int, dtype: Any = np.float32) -> NDArray[Any]:
    """An array of zeros (size,) that begins at a page."""
    itemsize = np.dtype(dtype).itemsize
    memory = np.zeros(size * itemsize + 2 * PAGE, np.uint8)
    start = -place_of(memory) % PAGE
    return memory[start : start + size * itemsize].view(dtype)
