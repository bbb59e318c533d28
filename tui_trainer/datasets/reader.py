"""The interface of a reader of a file format; dataset.py lists the readers."""

from pathlib import Path
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from tui_trainer.datasets.spec import DataSpec
from tui_trainer.nn.arrays import Labels

SIGNATURE = 16
"""As many bytes of a file are shown to readers that look whether it is theirs."""


class Contents(NamedTuple):
    """The contents of a data set's files."""

    spec: DataSpec
    x_train: NDArray[Any]
    """(samples, *spec.sample_shape), bytes or float32; other images of the same kind may differ in shape."""
    y_train: Labels
    """(samples,), whole numbers."""
    x_test: NDArray[Any]
    y_test: Labels


class Reader(Protocol):
    """One format. What its files say is believed only as far as their bytes go; `peek` believes no more than `read`."""

    kind: str
    """What it reads, as in `neither a folder of four IDX files nor …`."""

    def claims(self, path: Path, start: bytes) -> bool:
        """Whether this is of its format, by the first bytes alone; a folder has none."""

    def peek(self, path: Path) -> DataSpec:
        """The description of the data, from the files' headers. Raises UserError as `read` does."""

    def read(self, path: Path) -> Contents:
        """The data. Raises UserError, which names the file."""
