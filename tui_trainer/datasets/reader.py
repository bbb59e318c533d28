"""The base class of a reader of a file format."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from numpy.typing import NDArray

from tui_trainer.datasets.notice import Notice
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.nn.parts import Part

SIGNATURE = 16
"""As many bytes of a file are shown to readers that look whether it is theirs."""


class Contents(NamedTuple):
    """The contents of a data set's files."""

    spec: DataSpec
    """Its classes are 0 where the labels tell them."""
    x_train: NDArray[Any]
    """(samples, *spec.sample_shape), bytes or float32; other images of the same kind may differ in shape."""
    y_train: NDArray[Any]
    """(samples,) or (samples, 1), numbers or texts; or (samples, classes), of which one is 1 and the others 0."""
    x_test: NDArray[Any] | None = None
    """None where there is no test set: a part of the training samples is held out then."""
    y_test: NDArray[Any] | None = None
    x_validation: NDArray[Any] | None = None
    """Samples that the data itself holds out to validate on."""
    y_validation: NDArray[Any] | None = None
    notices: tuple[Notice, ...] = ()
    """What was found out or left out in reading, for people to know."""


def made(spec: DataSpec, arrays: Mapping[str, NDArray[Any]], notices: tuple[Notice, ...] = ()) -> Contents:
    """Contents of arrays by their names: `x_train`, `y_train`, and others that there may be."""
    x_test, y_test, x_validation, y_validation = (arrays.get(name) for name in ("x_test", "y_test", "x_validation", "y_validation"))
    return Contents(spec, arrays["x_train"], arrays["y_train"], x_test, y_test, x_validation, y_validation, notices)


class Reader(Part, ABC):
    """One format, or one place that data comes from. What its files say is believed only as far as their bytes go;
    `peek` believes no more than `read`.
    """

    kind: ClassVar[str]
    """What it reads, as in `neither a folder of four IDX files nor …`."""

    has_columns: ClassVar[bool] = False
    """Whether the labels are a column, which `--label` may name."""

    label: str | None = None
    """The column of the labels, by name or number, where a person has said it; set before `read` is called."""

    @abstractmethod
    def claims(self, path: Path, start: bytes) -> bool:
        """Whether this is of its format, by the first bytes alone; a folder has none."""

    def peek(self, path: Path) -> DataSpec | None:
        """The description of the data, from the files' headers; None where only reading tells. Raises UserError as `read` does."""
        return None

    def example(self, folder: Path) -> Path | None:
        """Write a small data set of the format into the folder, for `tui-trainer check`, and return its path; None where there is none."""
        return None

    @abstractmethod
    def read(self, path: Path) -> Contents:
        """The data. Raises UserError, which names the file."""
