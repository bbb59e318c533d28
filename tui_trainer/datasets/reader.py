"""The base class of a reader of a file format."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from numpy.typing import NDArray

from tui_trainer.datasets.spec import DataSpec
from tui_trainer.nn.arrays import Labels
from tui_trainer.nn.parts import Part

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


class Reader(Part, ABC):
    """One format, or one place that data comes from. What its files say is believed only as far as their bytes go;
    `peek` believes no more than `read`.
    """

    kind: ClassVar[str]
    """What it reads, as in `neither a folder of four IDX files nor …`."""

    @abstractmethod
    def claims(self, path: Path, start: bytes) -> bool:
        """Whether this is of its format, by the first bytes alone; a folder has none."""

    @abstractmethod
    def peek(self, path: Path) -> DataSpec:
        """The description of the data, from the files' headers. Raises UserError as `read` does."""

    def example(self, folder: Path) -> Path | None:
        """Write a small data set of the format into the folder, for `tui-trainer check`, and return its path; None where there is none."""
        return None

    @abstractmethod
    def read(self, path: Path) -> Contents:
        """The data. Raises UserError, which names the file."""
