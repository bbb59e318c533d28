"""The array types that the network is written in."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
"""Numbers of one precision: float32 in training, float64 where a test compares with exact mathematics."""

Labels: TypeAlias = NDArray[np.integer[Any]]
"""Class indices, one per sample."""

Images: TypeAlias = NDArray[np.uint8] | NDArray[np.float32]
"""Pixels: bytes as they lie in the files, to be divided by 255, or numbers to be used as they are."""

__all__ = ["Array", "DTypeLike", "Images", "Labels"]
