"""batches.f32: five little-endian float32 for each batch of a run, so that its curves can be drawn batch by batch later and elsewhere."""

import os
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tui_trainer.system.files import open_to_write
from tui_trainer.training.events import Progress

COLUMNS = ("position", "loss", "accuracy", "learning_rate", "seconds")
"""Epochs trained so far; the batch's mean loss, its accuracy, the rate of its step; seconds of this epoch's training so far."""

_columns = itemgetter(*(Progress._fields.index(name) for name in COLUMNS))

ROW = 4 * len(COLUMNS)
"""Bytes."""

MOST_BATCHES = 4 << 20
"""The most batches kept, 80 MiB."""


class BatchFile:
    """Gathers batches, and appends them when it is told to. `kept` of those in the file are from before."""

    def __init__(self, path: Path, kept: int = 0) -> None:
        self._path = path
        self._written = min(kept, MOST_BATCHES)
        self._waiting: list[tuple[float, ...]] = []
        self._begun = False

    def add(self, event: Progress) -> None:
        """Take note of a batch."""
        if self._written + len(self._waiting) < MOST_BATCHES:
            self._waiting.append(_columns(event))

    def flush(self) -> None:
        """Write what waits. Raises OSError, and keeps what waits then."""
        if not self._waiting and self._begun:
            return
        rows = _table(self._waiting)
        with os.fdopen(open_to_write(self._path, create=True), "r+b") as file:
            # Right after those before: not after what a failure left, nor, where some were lost, where those were.
            file.truncate(self._written * ROW)
            file.seek(0, os.SEEK_END)
            file.write(rows.tobytes())
        self._begun = True
        self._written += len(rows)
        self._waiting.clear()


@np.errstate(over="ignore")  # what is beyond float32 is beyond all charts
def _table(rows: Sequence[tuple[float, ...]]) -> NDArray[Any]:
    return np.array(rows, "<f4").reshape(-1, len(COLUMNS))


def read_batches(file: BinaryIO, start: int = 0, most: int = MOST_BATCHES) -> NDArray[Any]:
    """Up to `most` batches of an open file from number `start` on, of shape (batches, 5); one that is not whole is left out."""
    file.seek(start * ROW)
    content = file.read(most * ROW)
    whole = len(content) // ROW
    return np.frombuffer(content[: whole * ROW], "<f4").reshape(whole, len(COLUMNS))
