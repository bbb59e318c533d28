"""Numbers of any type as samples: bytes where they are whole and from 0 to 255, float32 else."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_trainer.errors import UserError
from tui_trainer.nn.arrays import Images


def as_samples(array: NDArray[Any], path: Path, key: str) -> Images:
    """An array of numbers of shape (samples, …). Raises UserError where they are no samples, or one of them is not finite."""
    require_samples(array.shape, path, key)
    array = np.ascontiguousarray(array)
    if array.dtype.kind in "iu" and (not array.size or (array.min() >= 0 and array.max() <= 255)):
        return array.astype(np.uint8, copy=False)
    with np.errstate(all="ignore"):
        floats = array.astype(np.float32, copy=False)
        wrong = np.flatnonzero(~np.isfinite(floats.reshape(len(floats), -1).sum(axis=1, dtype=np.float64)))
    if wrong.size:
        raise UserError(f"{key} image {wrong[0]} holds a number that is not finite", path=path)
    return floats


def require_samples(shape: tuple[int, ...], path: Path, key: str) -> None:
    """Raise UserError where an array of this shape does not hold samples."""
    if len(shape) < 2:
        raise UserError(f"{key} has shape {shape}", path=path, hint="images need (samples, …)")
