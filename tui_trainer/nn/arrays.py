"""The array types that the network is written in."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
"""Numbers of one precision: float32 in training, float64 where a test compares with exact mathematics."""

Labels: TypeAlias = NDArray[np.integer[Any]]
"""Class indices, one per sample."""

Bytes: TypeAlias = NDArray[np.uint8]
"""Pixels as they lie in the files: 0 to 255."""

__all__ = ["Array", "Bytes", "DTypeLike", "Labels"]
