"""Training data shared by all workers of a machine: read-only arrays in memory-mapped files."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.datasets.sparse import SparseRows
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.errors import UserError, reason_of


@dataclass(frozen=True)
class SharedData:
    """The files of the shared data, without the test set, which training does not need."""

    name: str
    arrays: Mapping[str, Path]
    """Images and labels; and the sparse table of the images, where they have one."""
    spec: DataSpec
    fingerprint: str
    is_divided: bool = False

    @classmethod
    def write(cls, data: Dataset, folder: Path) -> "SharedData":
        """Write the training set into `folder`. Raises UserError."""
        contents: dict[str, NDArray[Any]] = {"images": data.training.images, "labels": data.training.labels}
        if data.validation:
            contents |= {"validation_images": data.validation.images, "validation_labels": data.validation.labels}
        # What the workers look up all the time had better be in the cache once, and not once for each of them.
        if sparse := SparseRows.of(data.training.images):
            contents |= {"starts": sparse.starts, "columns": sparse.columns, "values": sparse.values}
        files = {name: folder / f"{data.fingerprint}-{name}.npy" for name in contents}
        shared = cls(data.name, files, data.spec, data.fingerprint, data.is_divided)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, array in contents.items():
                np.save(shared.arrays[name], array)
        except OSError as error:
            with suppress(OSError):
                shared.remove()
            raise UserError(f"the data cannot be put there for the workers ({reason_of(error)})", path=folder) from None
        return shared

    def dataset(self) -> Dataset:
        """The data, mapped. Raises UserError."""
        images, labels = (_mapped(self.arrays[name], "r") for name in ("images", "labels"))
        sparse = None
        if "starts" in self.arrays:
            # A change would be this process's own, and nobody makes one; compiled loops are others for arrays that cannot be changed.
            sparse = SparseRows(images.shape[1], *(_mapped(self.arrays[name], "c") for name in ("starts", "columns", "values")))
        validation = None
        if "validation_images" in self.arrays:
            validation = Split(*(_mapped(self.arrays[name], "r") for name in ("validation_images", "validation_labels")))
        data = Dataset(self.name, Split(images, labels), None, self.spec, sparse, validation, self.is_divided)
        return untested(data, self.fingerprint)

    def remove(self) -> None:
        """Delete the files."""
        for path in self.arrays.values():
            path.unlink(missing_ok=True)


def untested(data: Dataset, fingerprint: str) -> Dataset:
    """The data without its test set, under the fingerprint of the whole, so that a run can be resumed outside the sweep."""
    without = replace(data, test=None)
    without.__dict__["fingerprint"] = fingerprint
    return without


def _mapped(path: Path, mode: Literal["r", "c"]) -> NDArray[Any]:
    try:
        # A plain array over the mapping: the subclass makes each indexing slower.
        return np.asarray(np.load(path, mmap_mode=mode, allow_pickle=False))
    except (OSError, ValueError) as error:
        raise UserError(" ".join(str(error).split()).lower(), path=path) from None
